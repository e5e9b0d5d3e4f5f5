#!/usr/bin/env python3
# fences - on SiFive's harts, which get narrow TLB fences wrong, the kernel's have become fences of everything
# SPDX-License-Identifier: MIT
import os
import struct
import sys

sys.path.insert(0, "scripts/lib")
import machine  # noqa: E402
from console import Console  # noqa: E402

DIR = "build/log/host/fences"
SECONDS = 60 * float(os.environ.get("PATIENCE") or 1)
ELF, VIRTUAL, PHYSICAL = "build/kernel/aspis.elf", 0xFFFFFFFFC0000000, 0x80200000
WHOLE, ANY = 0x12000073, 0xFE007FFF  # sfence.vma: of all addresses and ASIDs; the bits that make one
os.makedirs(DIR, exist_ok=True)
count = 0


def result(good, what, said=""):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {what}", flush=True)
    if not good:
        print(f"# {said}")


def sections_of(elf):
    """The headers of a plain ELF file of 64 bits: name, type, flags, address, offset, size, link..."""
    at, = struct.unpack_from("<Q", elf, 0x28)
    size, number = struct.unpack_from("<HH", elf, 0x3A)
    return [struct.unpack_from("<IIQQQQIIQQ", elf, at + size * i) for i in range(number)]


def symbols(elf):
    """Names and addresses."""
    for section in sections_of(elf):
        if section[1] == 2:  # the symbol table; its link names the strings
            names = sections_of(elf)[section[6]][4]
            for entry in range(section[4], section[4] + section[5], 24):
                name, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", elf, entry)
                yield elf[names + name:elf.index(b"\0", names + name)].decode(), value


def narrow_fences(elf):
    """Where code has a fence of an address or an ASID."""
    for _, _, flags, address, offset, size, *_ in sections_of(elf):
        for at in range(0, size - 3, 2) if flags & 4 else ():
            word, = struct.unpack_from("<I", elf, offset + at)
            if word & ANY == WHOLE and word != WHOLE:
                yield address + at - VIRTUAL + PHYSICAL


with open(ELF, "rb") as file:
    image = file.read()
places = dict(symbols(image))
narrow = sorted(narrow_fences(image))
table = range(places["fences"] - VIRTUAL + PHYSICAL, places["fences_end"] - VIRTUAL + PHYSICAL, 4)
for name, words, mended in (("other harts", "", False), ("SiFive's", "-cpu rv64,mvendorid=0x489", True)):
    with Console(machine.Settings({}, SMP="1", QEMU_ARGS=words), DIR, SECONDS) as guest:
        result(guest.wait("aspis> "), f"{name}: a prompt", guest.before[-300:])
        offsets = [guest.word(at) for at in table]
        sites = [at + offset - (offset >> 31 << 32) for at, offset in zip(table, offsets)]
        fences = [guest.word(site) for site in sites]
        result(len(narrow) > 2 and sorted(sites) == narrow, f"{name}: {len(narrow)} narrow fences, and the kernel knows all",
               [sites, narrow])
        result(all((fence == WHOLE) == mended for fence in fences),
               f"{name}: {'all' if mended else 'none'} of them are of everything", [hex(fence) for fence in fences])
print(f"1..{count}")
