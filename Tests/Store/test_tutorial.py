"""Every command of docs/tutorial.md is run, in order, and says what the tutorial shows."""
import re
import subprocess

from conftest import PATIENCE, ROOT, Store

TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TUTORIAL, re.M | re.S)


def test_every_command_does_what_the_tutorial_shows(tmp_path):
    commands = [text for language, text in BLOCKS if language == "sh"]
    assert commands[0] == "make run\n" and "demo --sale" in (ROOT / "Makefile").read_text().split("run:")[1]
    assert len(commands) >= 9
    store = Store(tmp_path, "--sale")
    try:
        # `make run` has made its sale when it says where the console is.
        assert any("Ctrl-C ends" in line for line in store.process.stdout)
        addresses = {"ws://127.0.0.1:8442/": store.ready["pos"], "http://127.0.0.1:8480/": store.ready["console"]}
        output = ""
        for language, text in BLOCKS[1:]:
            if language == "sh":
                # The example's address is its default; here the store is elsewhere.
                script = text.replace("python3 examples/python/sale.py ws:", "python3 examples/python/sale.py\0ws:")
                script = re.sub(r"sale\.py(?!\0)", f"sale.py {store.ready['pos']}", script).replace("\0", " ")
                for address, real in addresses.items():
                    script = script.replace(address, real)
                script = script.replace("python3", str(ROOT / ".venv/bin/python"))
                run = subprocess.run(["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE * 3)
                output = run.stdout + run.stderr
            elif language == "text":
                for line in text.splitlines():
                    pattern = ".*".join(re.escape(part.strip()) for part in line.split("…"))
                    assert re.search(pattern, output), f"the tutorial shows {line!r}, the command said:\n{output}"
        store.until(store.no_reversal_pending, "every reversal to be acknowledged")
        assert store.net() == 1250 * 2, "the two sales that were approved, and nothing of those that were not"
    finally:
        store.close()
