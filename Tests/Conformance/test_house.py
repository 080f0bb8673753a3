"""The house rules of docs/architecture.md and the team, read from the sources: floors, file lengths, what may not be written."""
import json
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "Sources").rglob("*.swift"))
WRITTEN = [path for folder in ("Sources", "Tests", "examples", "scripts", "Hardware") for path in (ROOT / folder).rglob("*")
           if path.suffix in (".swift", ".py", ".js", ".c", ".h", ".sh", ".css", ".html") and "__pycache__" not in path.parts]


@pytest.fixture(scope="module")
def package():
    dumped = subprocess.run(["swift", "package", "--ignore-lock", "dump-package"], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(dumped.stdout)


@pytest.fixture(scope="module")
def floors():
    found = {}
    for line in (ROOT / "docs/architecture.md").read_text().splitlines():
        if row := re.match(r"\| (\d) \| ([^|]+) \|", line):
            found |= {name: (int(row[1]), len(found)) for name in re.findall(r"`([\w-]+)`", row[2])}
    return found


def modules(package):
    return [target for target in package["targets"] if (target.get("path") or "").startswith("Sources/")]


def test_every_module_has_its_floor_in_the_architecture(package, floors):
    names = {target["name"] for target in modules(package)}
    assert len(names) > 20
    assert names == set(floors)


def test_a_module_imports_nothing_from_a_higher_floor(package, floors):
    climbing = []
    for target in modules(package):
        needed = [dependency["byName"][0] for dependency in target["dependencies"] if "byName" in dependency]
        climbing += [f"{target['name']} → {name}" for name in needed if name in floors and floors[name][0] > floors[target["name"]][0]]
    assert climbing == []


def test_the_production_program_does_not_know_the_lab(package):
    needs = {target["name"]: [dependency["byName"][0] for dependency in target["dependencies"] if "byName" in dependency] for target in modules(package)}
    reached, waiting = set(), ["countertop"]
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting += needs.get(name, [])
    assert "TerminalAPI" in reached and "Lab" not in reached


def test_no_file_is_over_400_lines():
    assert len(WRITTEN) > 400
    assert [(str(path.relative_to(ROOT)), count) for path in WRITTEN if (count := len(path.read_text().splitlines())) > 400] == []


def test_no_folder_is_named_for_nothing():
    assert [path for path in ROOT.glob("Sources/**/") if path.name.lower() in ("utils", "util", "helpers", "common", "misc")] == []


@pytest.mark.parametrize("construct", [r"\bfatalError\(", r"\btry!", r"\bas!\s", r"\bpreconditionFailure\(", r"\bassertionFailure\("])
def test_the_program_does_not_stop_itself_on_purpose(construct):
    found = [f"{path.relative_to(ROOT)}:{number}" for path in SOURCES for number, line in enumerate(path.read_text().splitlines(), 1)
             if re.search(construct, line.split("//")[0])]
    assert found == []


def test_an_option_of_tcp_is_not_set_on_the_socket():
    """NIO's socketOption() is of level SOL_SOCKET, where TCP_NODELAY's number is SO_DEBUG: only root may set that, so nobody else can connect."""
    found = [f"{path.relative_to(ROOT)}:{number}" for path in SOURCES for number, line in enumerate(path.read_text().splitlines(), 1)
             if re.search(r"socketOption\(\.tcp_", line)]
    assert found == []


def test_an_unchecked_sendable_has_its_proof_beside_it():
    bare = []
    for path in SOURCES:
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines):
            if "@unchecked Sendable" in line.split("//")[0] or "nonisolated(unsafe)" in line.split("//")[0]:
                comment = []
                while number - len(comment) > 0 and (text := lines[number - len(comment) - 1].strip()).startswith("//"):
                    comment.append(text)
                if not any("@unchecked" in text or "nonisolated(unsafe)" in text for text in comment):
                    bare.append(f"{path.relative_to(ROOT)}:{number + 1}")
    assert bare == []


def test_no_test_sleeps():
    sleeping = [f"{path.relative_to(ROOT)}:{number}" for path in (ROOT / "Tests").rglob("*.swift")
                for number, line in enumerate(path.read_text().splitlines(), 1) if re.search(r"Task\.sleep|\busleep\(|Thread\.sleep", line.split("//")[0])]
    assert sleeping == []
