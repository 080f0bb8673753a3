#!/usr/bin/env bash
# build.sh [FOLDER]: makes what the laboratory's virtual machine boots, from Debian packages only: FOLDER/vmlinux, FOLDER/initrd.img, and
# FOLDER/extra with the packages that only the guest needs. Does nothing when all is there and as new as its ingredients.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
folder=$(realpath -m "${1:-$here/../../.build-lab}")

# Modules that the cases need, with what they depend on.
modules="virtio_pci virtio_rng 9pnet_virtio 9p overlay xhci-pci vhci-hcd usbhid hid-generic usblp cdc-acm uhid"
# The guest's root is the host's, so only what a plain machine lacks: udev's daemon, and the peer.
packages="udev kmod libkmod2 libudev1 libcap2 libacl1 libblkid1 libselinux1 pcscd libccid libpcsclite1 libpcsclite-dev"

kernel=$(apt-cache depends linux-image-amd64 2>/dev/null | awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
[ -n "$kernel" ] || { echo "build.sh: the package lists know no linux-image-amd64; run apt-get update" >&2; exit 1; }
stamp="$kernel $packages $modules $(cat "$here/build.sh" "$here/init" "$here/extract-vmlinux.py" | cksum)"
[ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ] && exit 0

echo "Building the virtual machine ($kernel)"
rm -rf "$folder"
mkdir -p "$folder/packages" "$folder/extra" "$folder/kernel"
cd "$folder/packages"
# apt's own sandbox user may not write here.
# shellcheck disable=SC2086
apt-get download -qq -o APT::Sandbox::User=root "$kernel" $packages
for package in *.deb; do
    case $package in
    linux-image*) dpkg -x "$package" "$folder/kernel" ;;
    *) dpkg -x "$package" "$folder/extra" ;;
    esac
done
# Debian's root has /bin, /sbin and /lib as links into /usr: folders of that name would hide them.
for name in bin sbin lib lib64; do
    [ -d "$folder/extra/$name" ] || continue
    mkdir -p "$folder/extra/usr/$name"
    cp -a "$folder/extra/$name/." "$folder/extra/usr/$name/"
    rm -rf "${folder:?}/extra/$name"
done

version=$(ls "$folder/kernel/lib/modules")
python3 "$here/extract-vmlinux.py" "$folder/kernel/boot/vmlinuz-$version" "$folder/vmlinux"
depmod -b "$folder/kernel" "$version"
source="$folder/kernel/lib/modules/$version"
root="$folder/initrd"
target="$root/lib/modules/$version"
mkdir -p "$root"/{bin,dev,proc,sys,lower,extra,changes,root} "$target"
cp /bin/busybox "$root/bin/"
cp "$source"/modules.{builtin,order,builtin.modinfo} "$target/"
for module in $modules; do
    # modules.dep writes file names, with either dash.
    pattern="/$(printf %s "$module" | sed 's/[-_]/[-_]/g')\\.ko:"
    line=$(grep -E "$pattern" "$source/modules.dep") || { echo "build.sh: the kernel has no module $module" >&2; exit 1; }
    for file in ${line%%:*} ${line#*:}; do
        mkdir -p "$target/$(dirname "$file")"
        cp -n "$source/$file" "$target/$file"
    done
done
depmod -b "$root" "$version"
install -m 755 "$here/init" "$root/init"
(cd "$root" && find . | cpio -o -H newc --quiet >"$folder/initrd.img")
rm -rf "$root" "$folder/kernel" "$folder/packages"
echo "$stamp" >"$folder/stamp"
