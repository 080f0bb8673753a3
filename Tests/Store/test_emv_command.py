"""`countertop emv` as a person runs it. A dialogue with a virtual reader is in `CardRunTests` (Tests/Lab/Cards)."""
import os
import pathlib
import re
import subprocess

import pytest
from conftest import BIN, PATIENCE

PAN = "4761739001010119"


def emv(*arguments, text=None):
    return subprocess.run([BIN / "countertop", "emv", *map(str, arguments)], input=text, capture_output=True, text=True, timeout=PATIENCE)


@pytest.fixture
def config(tmp_path):
    file = tmp_path / "terminal.yaml"
    file.write_text(f"""terminal: {{id: "1", merchantID: M, merchantName: Shop}}
host: {{primary: "127.0.0.1:1", tls: false}}
data: {tmp_path}/data
""")
    return file


# Everything the command promises to decode: data objects, ATR, TVR, TSI, CVM results, AIP, CVM list, status word, DOL.
@pytest.mark.parametrize("kind,bytes_,said", [
    ("tlv", "6F098407A0000000031010", "84 (7 bytes) Dedicated File (DF) Name: A0000000031010"),
    ("atr", "3B65 0000 206345CB66", "T=0"),
    ("tvr", "8000048000", "byte 3 bit 3"),
    ("tsi", "F800", "byte 1 bit 8"),
    ("cvm-results", "1E0300", "Signature"),
    ("aip", "3C00", "DDA supported"),
    ("cvm-list", "000000000000000042015E031F03", "rule 2 5E03"),
    ("sw", "6A82", "file not found"),
    ("dol", "9F02069F37049505", "data of 15 bytes in all"),
])
def test_emv_decode_says_what_the_bytes_mean(kind, bytes_, said):
    run = emv("decode", "--as", kind, *bytes_.split())
    assert run.returncode == 0 and said in run.stdout, run.stdout + run.stderr


def test_emv_decode_guesses_masks_card_data_and_refuses_what_is_none():
    run = emv("decode", "5A08" + PAN, "5F2403391231")
    assert run.returncode == 0 and "476173******0119" in run.stdout and PAN not in run.stdout and "391231" not in run.stdout
    run = emv("decode", "--as", "tvr", "00")
    assert run.returncode == 65 and run.stdout == "" and "countertop emv decode:" in run.stderr


def test_an_entry_of_the_exception_file_is_a_hash_under_the_sites_key_and_shows_no_number(config, tmp_path):
    first, again = emv("exception", "--config", config, text=f"{PAN}\n\n5413 3300 8902 0011\n"), emv("exception", "--config", config, text=PAN)
    assert first.returncode == 0, first.stdout + first.stderr
    entries = first.stdout.split()
    assert len(entries) == 2 and all(re.fullmatch("[0-9A-F]{64}", entry) for entry in entries) and again.stdout.split() == entries[:1]
    # Another site's key makes another entry.
    other = tmp_path / "other.yaml"
    other.write_text(config.read_text().replace("/data", "/elsewhere"))
    assert emv("exception", "--config", other, text=PAN).stdout.split() != entries[:1]
    wrong = emv("exception", "--config", config, text=f"{PAN}\n47617390\u0661\n")
    assert wrong.returncode == 65 and "line 2" in wrong.stdout


def test_a_card_table_or_exception_file_that_does_not_fit_stops_the_command_with_its_line(config, tmp_path):
    (tmp_path / "cards.yaml").write_text("cards:\n  - brand: VISA\n    type: credit\n    floorLimit: lots\n")
    config.write_text(config.read_text() + "emv: {cards: cards.yaml}\n")
    run = emv("run", "--config", config)
    assert run.returncode == 78 and "cards.yaml:4: cards.floorLimit" in run.stdout and "0 to 999999999999" in run.stdout, run.stdout


def test_the_terminal_does_not_start_with_such_a_file_and_never_shows_its_content(config, tmp_path):
    (tmp_path / "exceptions.txt").write_text(f"# hot\n{PAN}\n")
    config.write_text(config.read_text() + "emv: {exceptions: exceptions.txt}\npos: {port: 0, tlsPort: 0}\n")
    run = subprocess.run([BIN / "countertop", "serve", "--config", config], capture_output=True, text=True, timeout=PATIENCE,
                         env=os.environ | {"NO_COLOR": "1"})
    said = run.stdout + run.stderr
    checked = subprocess.run([BIN / "countertop", "serve", "--config", config, "--check"], capture_output=True, text=True, timeout=PATIENCE)
    assert checked.returncode == 78 and "exceptions.txt:2" in checked.stdout + checked.stderr, "--check reads what the configuration names"
    assert run.returncode == 78 and "exceptions.txt:2" in said and PAN not in said, said
    assert pathlib.Path(tmp_path / "exceptions.txt").read_text().count(PAN) == 1
