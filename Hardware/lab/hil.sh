#!/usr/bin/env bash
# hil.sh [--where-possible] [BINARIES]: hardware in the loop. Boots the laboratory's virtual machine, runs every case in it and prints the table by
# device and case. With --where-possible (meant for `make test`) a machine on which QEMU or Debian's kernel can neither be found nor installed says so in one line and passes;
# every other reason is a failure, and in CI those too.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
cd "$here/../.."
lenient=
if [ "${1:-}" = --where-possible ]; then
    lenient=1
    shift
fi
binaries=${1:-.build/release}

refuse() {
    echo "make hil cannot run here: $*" >&2
    exit 1
}
impossible() {
    [ -n "$lenient" ] && [ -z "${CI:-}" ] || refuse "$*"
    echo "**** Hardware in the loop was NOT run: $*. Nothing here says anything about a real kernel. ****" >&2
    exit 0
}
# Installable is what the package lists have; those of a fresh system may be empty until they are fetched.
# Read to the end: a pipe that is closed early would count as a failure.
listed() { command -v apt-cache >/dev/null && [ -n "$(apt-cache show "$1" 2>/dev/null)" ]; }
installable() {
    listed "$1" && return
    [ "${COUNTERTOP_LAB_SETUP:-1}" = 1 ] && command -v apt-get >/dev/null || return
    $([ "$(id -u)" = 0 ] || echo sudo) apt-get update -qq && listed "$1"
}
[ "$(uname -m)" = x86_64 ] || impossible "the virtual machine is for x86-64, this is $(uname -m)"
if ! command -v qemu-system-x86_64 >/dev/null; then
    installable qemu-system-x86 || impossible "there is no qemu-system-x86_64, and no package of it in the lists of this system"
    [ "${COUNTERTOP_LAB_SETUP:-1}" = 1 ] || refuse "there is no qemu-system-x86_64, and it can be installed: apt-get install qemu-system-x86"
fi
[ -f "${COUNTERTOP_LAB:-.build-lab}/vmlinux" ] || installable linux-image-amd64 ||
    impossible "the virtual machine boots Debian's kernel, and the lists of this system have no linux-image-amd64"
# shellcheck disable=SC2086
[ "${COUNTERTOP_LAB_SETUP:-1}" = 0 ] || scripts/setup.sh $(sed -n 's/^LABORATORY := //p' Makefile)

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
"$here/run.sh" -t "${LIMIT:-900}" -s "$share" \
    "export CYCLES=${CYCLES:-50} APDUS=${APDUS:-20} REPEATS=${REPEATS:-1} PARTS='${PARTS:-}'; exec Hardware/lab/cases.sh '$(realpath "$binaries")' '$peer'" || status=$?
python3 "$here/table.py" "$share" || status=1
[ ! -f "$share/readers.log" ] || cat "$share/readers.log"
# What other programs on this machine do changes the seconds, not the processor's.
times >"$share/times"
echo "hardware in the loop: $(($(date +%s) - started)) s, processor $(awk 'END { print $1 " + " $2 }' "$share/times"), exit code $status"
exit "$status"
