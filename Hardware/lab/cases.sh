#!/usr/bin/env bash
# cases.sh BINARIES PEER: every case of hardware in the loop, inside the laboratory's virtual machine (make hil). Results: lines `case|device|outcome|seconds|name`
# in /share/results; exit 1 when one failed.
set -uo pipefail
binaries=$1
peer=$2
share=/share
results=$share/results
: >"$results"
failures=0
started=0

begin() { started=$(date +%s%N); }
record() { # DEVICE OUTCOME NAME
    printf 'case|%s|%s|%s|%s\n' "$1" "$2" "$(awk "BEGIN { printf \"%.1f\", ($(date +%s%N) - $started) / 1e9 }")" "$3" | tee -a "$results"
    [ "$2" = pass ] || failures=$((failures + 1))
}
check() { # DEVICE NAME COMMAND…
    local device=$1 name=$2
    shift 2
    begin
    if "$@" >"$share/last.log" 2>&1; then record "$device" pass "$name"; else
        record "$device" FAIL "$name"
        sed 's/^/    /' "$share/last.log" | tail -40
    fi
}
as() { setpriv --reuid="$1" --regid="$(id -g "$1")" --clear-groups -- "${@:2}"; }

# Devices of the lab, in a process of their own, plugged into this kernel; commands go to descriptor 3.
plug() {
    coproc lab { exec "$binaries/countertop-lab" devices --kernel "$@" 2>"$share/devices.log"; }
    lab_pid=$!
    exec 3>&"${lab[1]}"
    read -r ready <&"${lab[0]}" || return 1
    state ready || return 1
    udevadm settle --timeout=20
}
unplug() {
    exec 3>&-
    kill "$lab_pid" && wait "$lab_pid"
}
# Waits, by the program itself, until a reader has the state.
state() { timeout 60 sh -c "until '$binaries/countertop' devices --json | grep -q '\"state\":\"$1\"'; do :; done"; }
# Whether what it is given has such a line; shown for the log, and read to the end: a pipe that is closed early would count as a failure.
has() {
    local text
    text=$(cat)
    echo "$text" >&2
    grep -q "$1" <<<"$text"
}
node() { find /dev/bus/usb -type c | while read -r file; do [ "$(udevadm info -q property -n "$file" | grep -c 'ID_VENDOR_ID=1209')" = 1 ] && echo "$file"; done; }

# 1. The bodies of the device tests, on libusb, udev and this kernel.
bodies() {
    COUNTERTOP_GROUND=kernel "$binaries/countertopPackageTests.xctest" --testing-library swift-testing --no-parallel \
        --filter "$(cat Tests/HardwareInTheLoop/bodies)" >"$share/bodies.log" 2>&1 || { grep -E '✘|↳' "$share/bodies.log" | tail -40; return 1; }
    # A filter that matches nothing would pass.
    grep -qE 'Test run with [1-9][0-9]* tests' "$share/bodies.log"
}

# 2. Permissions by the project's rule.
permissions() {
    plug --device chip || return 1
    local file
    file=$(node)
    [ -n "$file" ] || { echo "no node"; return 1; }
    stat -c '%G %a %n' "$file"
    [ "$(stat -c '%G %a' "$file")" = "countertop 660" ] || return 1
    [ "$(cat "/sys/bus/usb/devices/$(basename "$(udevadm info -q path -n "$file")")/power/control")" = on ] || { echo "autosuspend is not off"; return 1; }
    udevadm info -q property -n "$file" | has '^ID_MM_DEVICE_IGNORE=1$' || return 1
    as countertop "$binaries/countertop" devices --json | has '"state":"ready"' || return 1
    as nobody "$binaries/countertop" devices --json | has '"state":"noPermission"' || return 1
    # A root hub is none of ours.
    [ "$(stat -c '%G' /dev/bus/usb/001/001)" = root ] || return 1
}
# What countertop diagnose says of a reader with a card, as the service's user.
diagnosis() {
    plug --device chip --card visa-credit || return 1
    as countertop "$binaries/countertop" diagnose --json >"$share/diagnosis.json"
    # 0 to 2 is a report; anything else is a crash.
    [ $? -le 2 ] || return 1
    cat "$share/diagnosis.json"
    grep -q '"answerToReset":"3B' "$share/diagnosis.json" || { echo "no ATR"; return 1; }
    grep -q '"check":"rules","severity":"fine"' "$share/diagnosis.json" || { echo "the rules are not found"; return 1; }
}
# Every kind of device belongs to the group and stays awake; ModemManager and pcscd are told to leave it, and the kernel's printer driver has left.
kinds() {
    local kind arguments=() device file count=0
    for kind in chip stripe contactless printer magnesafe securemag dynapro smartpin; do arguments+=(--device "$kind"); done
    plug "${arguments[@]}" || return 1
    for device in /sys/bus/usb/devices/*; do
        [ -f "$device/idVendor" ] && [ "$(cat "$device/idVendor")" != 1d6b ] || continue
        file=$(printf '/dev/bus/usb/%03d/%03d' "$(cat "$device/busnum")" "$(cat "$device/devnum")")
        echo "$(cat "$device/idVendor"):$(cat "$device/idProduct") $(stat -c '%G %a' "$file") $(cat "$device/power/control")"
        [ "$(stat -c '%G %a' "$file")" = "countertop 660" ] || return 1
        [ "$(cat "$device/power/control")" = on ] || return 1
        udevadm info -q property -n "$file" | grep -c -e '^ID_MM_DEVICE_IGNORE=1$' -e '^PCSCLITE_IGNORE=1$' | grep -qx 2 || return 1
        count=$((count + 1))
    done
    [ "$count" = 8 ] || { echo "$count devices, not 8"; return 1; }
    timeout 30 sh -c 'while ls /sys/bus/usb/drivers/usblp | grep -q ":"; do udevadm settle --timeout=5; done' || { echo "usblp keeps the printer"; return 1; }
}
# countertop diagnose of every kind at once: each is opened and answers, and what is not fine says what to do.
diagnosis_of_all() {
    local kind arguments=()
    for kind in chip stripe contactless printer magnesafe securemag dynapro smartpin; do arguments+=(--device "$kind"); done
    plug "${arguments[@]}" || return 1
    python3 Tests/HardwareInTheLoop/diagnose.py setpriv --reuid=countertop --regid=countertop --clear-groups -- "$binaries/countertop"
}
# countertop devices --watch, as text and as JSON.
watch() { python3 Tests/HardwareInTheLoop/watch.py "$binaries"; }

# 3. Whole sales: reader in the kernel, the production program as its user, host simulator, point of sale.
sale() { .venv/bin/python Tests/HardwareInTheLoop/sale.py "$binaries"; }

# 4. The peer: pcscd and libccid on the same virtual reader answer the same.
peers() {
    .venv/bin/python Tests/Benchmarks/bench_readers.py --binaries "$binaries" --peer "$peer" --apdus "${APDUS:-20}" --repeats "${REPEATS:-1}" --output "$share/readers.json" || return 1
    cp "$share/last.log" "$share/readers.log"
}

for part in ${PARTS:-bodies permissions sale peers}; do
    case $part in
    bodies) check all "the device tests' bodies, each below" bodies ;;
    permissions)
        check chip "the udev rule opens the reader to the service's user, and to nobody else; no autosuspend" permissions
        unplug 2>/dev/null
        check all "every kind is the group's and stays awake; ModemManager, pcscd and usblp leave it" kinds
        unplug 2>/dev/null
        check chip "countertop diagnose, as the service's user: ATR, rules" diagnosis
        unplug 2>/dev/null
        check all "countertop diagnose of eight kinds at once: opened, firmware told, every finding that is not fine says what to do" diagnosis_of_all
        unplug 2>/dev/null
        check chip "countertop devices --watch tells plug and unplug at once, as text and as JSON" watch
        ;;
    sale) check chip "two sales with countertop serve, unplugged between them" sale ;;
    peers) check chip "pcscd and libccid: same ATR, same answers" peers ;;
    *) echo "cases.sh: there is no part $part" >&2; exit 2 ;;
    esac
done
exit $((failures > 0))
