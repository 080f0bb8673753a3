#!/bin/sh
# Installs the Debian packages that building needs, and those named as arguments (tests need more), saying so; checks for a Swift toolchain.
# Says nothing when all is there.
set -eu

if ! command -v "${SWIFT:-swift}" >/dev/null 2>&1; then
    echo "Countertop needs a Swift toolchain, 6.2 or newer, and found none on PATH: install it from https://www.swift.org/install/linux/ and run this again." >&2
    exit 1
fi
version=$("${SWIFT:-swift}" --version 2>/dev/null | sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' | head -n 1)
major=${version%%.*}
minor=${version#*.}
if [ -z "$version" ] || [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 2 ]; }; then
    echo "Countertop needs Swift 6.2 or newer; this is ${version:-unknown}: install a newer toolchain from https://www.swift.org/install/linux/." >&2
    exit 1
fi

command -v dpkg-query >/dev/null 2>&1 || {
    echo "This is not a Debian or Ubuntu system: install libusb-1.0, libudev, libcrypto (OpenSSL 3), SQLite 3 with headers, pkg-config and python3 by hand." >&2
    exit 0
}
missing=
for package in pkg-config libusb-1.0-0-dev libudev-dev libssl-dev libsqlite3-dev libumockdev-dev openssl python3 python3-venv "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
echo "Installing Debian packages:$missing"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "Not root and no sudo: as root, run  apt-get install$missing" >&2
        exit 1
    }
    as_root=sudo
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
