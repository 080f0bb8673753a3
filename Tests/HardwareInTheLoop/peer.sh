#!/usr/bin/env bash
# peer.sh LABORATORY APDU…: pcscd and libccid, as Hardware/lab/build.sh unpacked them into LABORATORY, on the reader that the calling process has plugged into its
# umockdev testbed; prints the peer's line of JSON. pcscd's socket and drivers have fixed places, so it gets a /run and a /usr of its own; nothing is installed.
set -euo pipefail
lab=$(realpath "$1")
shift
preload=$LD_PRELOAD
unset LD_PRELOAD
if [ -z "${COUNTERTOP_PEER_NAMESPACE:-}" ]; then
    user=()
    [ "$(id -u)" = 0 ] || user=(--map-root-user)
    COUNTERTOP_PEER_NAMESPACE=1 LD_PRELOAD=$preload exec unshare "${user[@]}" --mount --propagation private -- "$0" "$lab" "$@"
fi
mount -t tmpfs run /run
bundle=lib/pcsc/drivers/ifd-ccid.bundle
mkdir -p /run/pcscd "/run/usr/${bundle%/*}"
cp -r "$lab/extra/usr/$bundle" "/run/usr/$bundle"
rm "/run/usr/$bundle/Contents/Info.plist"
# libccid drives readers that it knows by number; the lab's is none of them.
python3 - "$lab/extra/etc/libccid_Info.plist" "/run/usr/$bundle/Contents/Info.plist" <<'END'
import pathlib, plistlib, sys
known = plistlib.loads(pathlib.Path(sys.argv[1]).read_bytes())
for key, value in (("ifdVendorID", "0x1209"), ("ifdProductID", "0xC07E"), ("ifdFriendlyName", "Virtual Chip Reader")):
    known[key].append(value)
pathlib.Path(sys.argv[2]).write_bytes(plistlib.dumps(known))
END
# Where pcscd looks for drivers is fixed too.
mount -t overlay -o lowerdir=/run/usr:/usr usr /usr
export LD_LIBRARY_PATH=$lab/extra/usr/lib/x86_64-linux-gnu
LD_PRELOAD=$preload "$lab/extra/usr/sbin/pcscd" --foreground >/run/pcscd.log 2>&1 &
daemon=$!
# Asked to end it waits for its thread at the reader's interrupt endpoint, which under umockdev does not end.
trap 'kill -KILL "$daemon"; wait "$daemon" 2>/dev/null || true' EXIT
status=0
timeout 60 "$lab/peer" 1 "$@" </dev/null || status=$?
[ "$status" = 0 ] || cat /run/pcscd.log >&2
exit "$status"
