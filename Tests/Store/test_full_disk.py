"""A disk that fills up under the journal, on the real programs: a file system of its own, in a mount namespace of its own."""
import os
import subprocess

import pytest
from conftest import Store

UNSHARE = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-rm"]
MEBIBYTE = 1 << 20


def test_a_full_disk_stops_new_transactions_with_20_and_says_so_until_there_is_room(tmp_path):
    probe = subprocess.run([*UNSHARE, "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, text=True)
    if probe.returncode != 0:
        assert not os.environ.get("CI"), f"in CI nothing is left out: {probe.stderr}"
        pytest.skip(f"this machine lets nobody mount a file system: {probe.stderr}")
    (tmp_path / "terminal").mkdir(mode=0o700)
    store = Store(tmp_path, before=[*UNSHARE, "sh", "-c", f'mount -t tmpfs -o size=64m,mode=700 tmpfs "{tmp_path}/terminal" && exec "$@"', "sh"])
    try:
        store.automatic()
        pos = store.pos()
        sale = pos.sale(1000)
        assert sale["approval"] == "approved"
        # What the programs see of the folder is seen from outside through their process.
        filler = f"/proc/{store.process.pid}/root{tmp_path}/terminal/filler"
        assert os.statvfs(os.path.dirname(filler)).f_blocks * 4096 == 64 * MEBIBYTE
        with open(filler, "wb") as file:
            file.write(bytes(50 * MEBIBYTE))
        answer = pos.sale(1100)
        assert (answer["result"], answer["errorCondition"]) == ("20", "internal"), answer
        assert "full" in answer["errorMessage"]
        assert pos.ask(operation="LastTransaction")["transactionID"] == sale["transactionID"]
        (disk,) = (finding for finding in pos.ask(operation="Diagnose")["diagnosis"]["system"] if finding["check"] == "disk")
        assert disk["severity"] == "fault" and "nothing but VOID and SETTLEMENT is taken" in disk["remedy"], disk
        assert "disk is full" in store.get("/lab/log")
        # What takes back and closes has a reserve of its own.
        void = pos.ask(operation="Transaction", type="VOID", originalTransactionID=sale["transactionID"])
        assert (void["result"], void["state"]) == ("0", "voided"), void
        settlement = pos.ask(operation="Transaction", type="SETTLEMENT")
        assert (settlement["result"], settlement["voidsAmount"]) == ("0", "1000"), settlement
        with open(filler, "ab") as file:
            file.write(bytes(7 * MEBIBYTE))
        assert pos.ask(operation="Transaction", type="SETTLEMENT")["result"] == "20"
        os.remove(filler)
        assert pos.sale(1200)["approval"] == "approved"
        assert store.net() == 1200
        pos.close()
    finally:
        store.close()
