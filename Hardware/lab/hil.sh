#!/usr/bin/env bash
# hil.sh [BINARIES]: hardware in the loop. Boots the laboratory's virtual machine, runs every case in it and prints the table by device and case.
# A machine on which it cannot run says so and fails: nothing is skipped in silence. COUNTERTOP_WITHOUT_VM=1 is the only way to leave it out,
# and in CI that is refused.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
cd "$here/../.."
binaries=${1:-.build/release}

refuse() {
    echo "make hil cannot run here: $*" >&2
    exit 1
}
if [ "${COUNTERTOP_WITHOUT_VM:-0}" = 1 ]; then
    [ -z "${CI:-}" ] || refuse "COUNTERTOP_WITHOUT_VM is set in CI, where hardware in the loop must run"
    echo "**** Hardware in the loop was NOT run: COUNTERTOP_WITHOUT_VM=1. Nothing below says anything about a real kernel. ****" >&2
    exit 0
fi
[ "$(uname -m)" = x86_64 ] || refuse "the virtual machine is for x86-64; this is $(uname -m). Run it there, or set COUNTERTOP_WITHOUT_VM=1"
command -v qemu-system-x86_64 >/dev/null || refuse "there is no qemu-system-x86_64: apt-get install qemu-system-x86, or set COUNTERTOP_WITHOUT_VM=1"

started=$(date +%s)
"$here/build.sh"
lab=${COUNTERTOP_LAB:-$PWD/.build-lab}
peer=$lab/peer
if [ ! -x "$peer" ] || [ Tests/Benchmarks/peer.c -nt "$peer" ]; then
    "${CC:-clang}" -O2 -o "$peer" Tests/Benchmarks/peer.c -I"$lab/extra/usr/include/PCSC" -L"$lab/extra/usr/lib/x86_64-linux-gnu" -lpcsclite
fi
share=$(mktemp -d)
trap 'rm -rf "$share"' EXIT
status=0
"$here/run.sh" -t "${LIMIT:-600}" -s "$share" \
    "export CYCLES=${CYCLES:-50} APDUS=${APDUS:-200} PARTS='${PARTS:-}'; exec Hardware/lab/cases.sh '$(realpath "$binaries")' '$peer'" || status=$?
python3 "$here/table.py" "$share" || status=1
[ ! -f "$share/readers.log" ] || cat "$share/readers.log"
echo "hardware in the loop: $(($(date +%s) - started)) s, exit code $status"
exit "$status"
