#!/usr/bin/env bash
# run.sh [-t SECONDS] [-s FOLDER] COMMAND: runs COMMAND as root in the laboratory's virtual machine, in this folder, and exits with its exit code.
# The guest sees the host's files read-only (what it writes is gone afterwards) and FOLDER as /share. 125: the machine did not get that far.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
lab=${COUNTERTOP_LAB:-$(realpath -m "$here/../../.build-lab")}
limit=300
share=
while getopts t:s: option; do
    case $option in
    t) limit=$OPTARG ;;
    s) share=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
if [ -z "$share" ]; then
    share=$(mktemp -d)
    trap 'rm -rf "$share"' EXIT
fi
mkdir -p "$share"
cp "$here/guest.sh" "$share/"
printf '%s\n' "$1" >"$share/command"
pwd >"$share/directory"
rm -f "$share/status"
# Emulation works everywhere; KVM=1 is for machines whose KVM is known to work (nested ones often break).
accelerator=tcg,thread=multi
[ "${KVM:-0}" = 0 ] || accelerator=kvm
timeout "$limit" qemu-system-x86_64 -M q35 -accel "$accelerator" -cpu max -smp 2 -m "${MEMORY:-2048}" \
    -nodefaults -display none -serial stdio -no-reboot \
    -kernel "$lab/vmlinux" -initrd "$lab/initrd.img" \
    -append "console=ttyS0 quiet panic=-1 clocksource=acpi_pm mitigations=off random.trust_cpu=on modules=${MODULES:-vhci-hcd,usbhid,hid-generic,usblp}" \
    -fsdev local,id=host,path=/,security_model=none,readonly=on,multidevs=remap -device virtio-9p-pci,fsdev=host,mount_tag=host \
    -fsdev local,id=extra,path="$lab/extra",security_model=none,readonly=on,multidevs=remap -device virtio-9p-pci,fsdev=extra,mount_tag=extra \
    -fsdev local,id=share,path="$share",security_model=none,multidevs=remap -device virtio-9p-pci,fsdev=share,mount_tag=share \
    -device virtio-rng-pci </dev/null || echo "run.sh: QEMU ended with $?" >&2
status=$(cat "$share/status" 2>/dev/null || echo 125)
[ "$status" != 125 ] || echo "run.sh: the command did not end within $limit s, or the machine did not start" >&2
exit "$status"
