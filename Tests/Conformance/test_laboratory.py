"""Hardware in the loop is left out only where QEMU cannot be had, and says so; in CI never. No virtual machine starts here."""
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "Hardware/lab/hil.sh"


def run(folder, *, lists, machine="x86_64", ci=False, arguments=("--where-possible",), qemu=False):
    """hil.sh on a system without QEMU (or with it), and no virtual machine built, whose package lists know what is needed or not."""
    for name in ("bash", "dirname", "realpath", "grep"):
        (folder / name).symlink_to(next(path for path in (pathlib.Path("/usr/bin") / name, pathlib.Path("/bin") / name) if path.exists()))
    answers = {"uname": f"echo {machine}", "apt-cache": "echo 'Package: qemu-system-x86'" if lists else "exit 100"}
    if qemu:
        answers["qemu-system-x86_64"] = "exit 1"
    for name, body in answers.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    environment = {"PATH": str(folder), "COUNTERTOP_LAB_SETUP": "0", "COUNTERTOP_LAB": str(folder / "lab")} | ({"CI": "1"} if ci else {})
    return subprocess.run([SCRIPT, *arguments, "nowhere"], env=environment, capture_output=True, text=True, timeout=60)


def test_a_machine_that_cannot_have_qemu_says_so_in_one_line(tmp_path):
    result = run(tmp_path, lists=False)
    assert result.returncode == 0
    assert "NOT run: there is no qemu-system-x86_64" in result.stderr
    assert (result.stdout, result.stderr.count("\n")) == ("", 1)


def test_another_processor_says_so(tmp_path):
    result = run(tmp_path, lists=True, machine="aarch64")
    assert result.returncode == 0 and "NOT run: the virtual machine is for x86-64, this is aarch64" in result.stderr


def test_a_distribution_without_debians_kernel_says_so(tmp_path):
    result = run(tmp_path, lists=False, qemu=True)
    assert result.returncode == 0 and "NOT run: the virtual machine boots Debian's kernel" in result.stderr


@pytest.mark.parametrize(
    "case", [{"lists": True}, {"lists": False, "ci": True, "qemu": True}, {"lists": False, "ci": True}, {"lists": True, "ci": True}, {"lists": False, "arguments": ()}, {"lists": True, "machine": "aarch64", "ci": True}])
def test_everything_else_is_a_failure(tmp_path, case):
    result = run(tmp_path, **case)
    assert result.returncode == 1 and "cannot run here" in result.stderr and "NOT run" not in result.stderr
