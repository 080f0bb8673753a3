#!/usr/bin/env bash
# umockdev.sh BINARIES: the device tests' bodies on real libusb and libudev, with umockdev in the kernel's place. Seconds; needs no privileges.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/../.."
preload=libumockdev-preload.so.0
LD_PRELOAD=$preload true 2>/dev/null && LD_PRELOAD=$preload sh -c 'grep -q umockdev-preload /proc/$$/maps' || {
    echo "umockdev.sh: $preload cannot be loaded; apt-get install umockdev" >&2
    exit 1
}
# The peer is where hardware in the loop has unpacked it.
lab=$(realpath -m "${COUNTERTOP_LAB:-.build-lab}")
if [ -x "$lab/peer" ]; then export COUNTERTOP_PEER=$lab; else echo "umockdev.sh: pcscd is NOT compared here: $lab/peer is not there; make hil makes it."; fi
output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
CYCLES=${CYCLES:-50} COUNTERTOP_GROUND=umockdev LD_PRELOAD=$preload timeout 300 "$1/countertopPackageTests.xctest" \
    --testing-library swift-testing --no-parallel --filter "$(cat Tests/HardwareInTheLoop/bodies)" >"$output" 2>&1 || status=$?
if [ "$status" != 0 ]; then cat "$output"; else tail -1 "$output"; fi
# A filter that matches nothing would pass.
grep -qE 'Test run with [1-9][0-9]* tests' "$output" || { echo "umockdev.sh: no test ran" >&2; exit 1; }
exit "$status"
