"""extract-vmlinux.py BZIMAGE OUTPUT: takes the ELF kernel out of a compressed one, so that QEMU boots it at once (PVH entry) instead of
having the emulated processor decompress it."""

import lzma
import subprocess
import sys
import zlib

DECOMPRESSORS = [
    (b"\xfd7zXZ\x00", lambda data: lzma.LZMADecompressor().decompress(data)),
    (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
    (b"\x28\xb5\x2f\xfd", lambda data: subprocess.run(["zstd", "-dc"], input=data, capture_output=True).stdout),
    (b"\x02\x21\x4c\x18", lambda data: subprocess.run(["lz4", "-dc"], input=data, capture_output=True).stdout),
]


def kernel(image):
    for magic, decompress in DECOMPRESSORS:
        start = image.find(magic)
        while start >= 0:
            try:
                found = decompress(image[start:])
            except (lzma.LZMAError, zlib.error, OSError):
                found = b""
            if found[:4] == b"\x7fELF":
                return found
            start = image.find(magic, start + 1)
    raise SystemExit("extract-vmlinux: no kernel found in " + sys.argv[1])


with open(sys.argv[1], "rb") as image, open(sys.argv[2], "wb") as output:
    output.write(kernel(image.read()))
