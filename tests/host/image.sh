#!/usr/bin/env bash
# image.sh - the cards of all boards, taken apart again: partitions, firmware, files, twice the same; and who may be written to
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/image
count=0
rm -rf "$dir" && mkdir -p "$dir"
unset MAKEFLAGS MAKELEVEL MFLAGS BOARD FIRMWARE CMD
export SOURCE_DATE_EPOCH=1700000000 TZ=UTC
PATH=$PATH:/usr/sbin:/sbin

# What is expected, from the manuals: first sector, last sector and type of p1 and p2, then the firmware for each.
sifive=5B193300-FC78-40CD-8002-E86C45580B47
uboot=2E54B353-1271-4842-806F-E436D6AF6985
aspis=C6F75D73-5291-4534-A5AE-FEF9E76F5B6A
fat=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7
firmware=build/deps/u-boot-sifive/usr/lib/u-boot
starfive=build/deps/u-boot-starfive/usr/lib/u-boot/starfive_visionfive2
declare -A expected=(
    [virt]="34 2081 $sifive 2082 10273 $uboot"
    [unleashed]="34 2081 $sifive 2082 10273 $uboot $firmware/sifive_unleashed/u-boot-spl.bin $firmware/sifive_unleashed/u-boot.itb"
    [unmatched]="34 2081 $sifive 2082 10273 $uboot $firmware/sifive_unmatched/u-boot-spl.bin $firmware/sifive_unmatched/u-boot.itb"
    [visionfive2]="4096 8191 $uboot 8192 16383 BC13C2FF-59E6-4262-A352-B275FD6F7172"
)

result() { # good? what
    count=$((count + 1))
    [ "$1" = 0 ] && echo "ok $count - $2" && return
    echo "not ok $count - $2"
    tail -n 3 "$dir/said" 2>/dev/null | sed 's/^/#   /'
}
skip() { # what, why
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}
does() { # what command...
    local what=$1
    shift
    "$@" >"$dir/said" 2>&1
    result $? "$what"
}
# It ends with that status and says one line of that form.
refuses() { # what, status, pattern, command...
    local what=$1 status=$2 pattern=$3 got
    shift 3
    "$@" >"$dir/said" 2>&1 </dev/null
    got=$?
    [ "$got" = "$status" ] && [ "$(wc -l <"$dir/said")" = 1 ] && grep -qE "$pattern" "$dir/said"
    result $? "$what: $(head -c 110 "$dir/said" | sed "s,$dir/,,g" | tr -d '\n')"
}

make_image() { IMAGE_DIR=$1 scripts/image "$2" >"$dir/said" 2>&1; }
# A partition is where it should be, of that type and with those attributes.
part_is() { # image, number, first, type, attributes
    local about
    about=$(sgdisk --info="$2" "$1")
    grep -q "^First sector: $3 " <<<"$about" && grep -qi "^Partition GUID code: $4" <<<"$about" && grep -q "^Attribute flags: $5\$" <<<"$about"
}
holds() { # image, sector, file: the file's bytes are there, raw
    cmp --ignore-initial="$(($2 * 512)):0" --bytes="$(stat -c %s "$3")" "$1" "$3"
}
empty() { # image, first, last
    cmp --ignore-initial="$(($2 * 512)):0" --bytes="$((($3 - $2 + 1) * 512))" "$1" /dev/zero
}
# Words of a file that only has lines `word value`, comments and empty lines; each named file is on the card.
extlinux_good() { # file, directory of the card's files, what is appended
    python3 - "$@" <<'PY'
import os, sys
entry, appended = {}, sys.argv[3]
for line in open(sys.argv[1]):
    words = line.split("#")[0].strip().split(None, 1)
    if words:
        assert words[0] not in entry and len(words) == 2, line
        entry[words[0]] = words[1].strip()
assert entry["default"] == entry["label"] and entry["prompt"] == entry["timeout"] == "0", entry
for name in entry["linux"], entry["initrd"]:
    assert name.startswith("/") and os.path.getsize(sys.argv[2] + name), name
assert entry.get("append", "") == appended, entry
PY
}
# A vendor's environment, as `env import -t` reads it: boot2 loads two files of p3 and starts the kernel.
environment_good() { # file, directory of the card's files
    python3 - "$@" <<'PY'
import os, re, sys
text = open(sys.argv[1], newline="").read()
assert text.endswith("\n") and "\r" not in text and "#" not in text
said = dict(line.split("=", 1) for line in text.splitlines())
one, two, start = said["boot2"].split("; ")
for step, place in (one, "kernel_addr_r"), (two, "ramdisk_addr_r"):
    load, device, part, address, name = step.split()
    assert (load, device, part, address) == ("fatload", "mmc", "1:3", "${%s}" % place), step
    assert os.path.getsize(os.path.join(sys.argv[2], name)), name
assert start == "booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}", start
kernel, root = int(said["kernel_addr_r"], 16), int(said["ramdisk_addr_r"], 16)
assert 0x40200000 < kernel and kernel + (16 << 20) < root < 0x40000000 + (2 << 30), said
PY
}
# The header that U-Boot reads.
kernel_good() {
    python3 - "$1" <<'PY'
import os, struct, sys
head = open(sys.argv[1], "rb").read(64)
offset, size, flags, version = struct.unpack_from("<QQQI", head, 8)
assert head[48:60] == b"RISCV\0\0\0RSC\x05" and offset == 0x200000 and flags == 0 and version == 2
assert size >= os.path.getsize(sys.argv[1])
PY
}

card() { # board
    local board=$1 image=$dir/aspis-$1.img files=$dir/files-$1 first1 last1 first2 last2 type1 type2 spl itb
    read -r first1 last1 type1 first2 last2 type2 spl itb <<<"${expected[$board]}"
    make_image "$dir" "$board"
    result $? "$board: an image is made"
    sgdisk --verify "$image" >"$dir/said" 2>&1 && grep -q '^No problems found' "$dir/said" &&
        part_is "$image" 1 "$first1" "$type1" 0000000000000000 && part_is "$image" 2 "$first2" "$type2" 0000000000000000 &&
        part_is "$image" 3 16384 "$fat" 0000000000000004
    result $? "$board: partitions, each in its place, the third to boot from"
    case $board in
    unleashed | unmatched | visionfive2)
        part_is "$image" 4 147456 "$aspis" 0000000000000000 && [ "$(stat -c %s "$image")" = $((256 << 20)) ]
        result $? "$board: a fourth for volumes, 256 MiB in all"
        dd if="$image" of="$dir/p4" bs=1M skip=72 count=183 status=none
        does "$board: its root volume is clean" build/host/fsck.logfs --data "$dir/p4:root"
        rm -f "$dir/p4"
        ;;
    *)
        ! sgdisk --info=4 "$image" | grep -q '^First sector'
        result $? "$board: no fourth"
        ;;
    esac
    if [ -n "$spl" ]; then
        does "$board: SPL from sector $first1" holds "$image" "$first1" "$spl"
        does "$board: u-boot.itb from sector $first2" holds "$image" "$first2" "$itb"
        if command -v dumpimage >/dev/null; then
            dd if="$image" of="$dir/itb" bs=512 skip="$first2" count=$((last2 - first2 + 1)) status=none
            dumpimage -l "$dir/itb" >"$dir/said" 2>&1 && grep -q 'OpenSBI' "$dir/said" && grep -qE 'Image 0 \(u-?boot\)' "$dir/said"
            result $? "$board: which is a FIT with OpenSBI and U-Boot"
        else
            skip "$board: which is a FIT with OpenSBI and U-Boot" 'dumpimage (u-boot-tools) is not here'
        fi
    else
        empty "$image" "$first1" "$last1" && empty "$image" "$first2" "$last2"
        result $? "$board: the places of firmware are empty"
    fi
    mkdir "$files"
    does "$board: the files are read from the card" mcopy -s -n -i "$image@@8M" '::*' "$files"
    cmp -s "$files/Image" build/kernel/Image && kernel_good "$files/Image" 2>"$dir/said"
    result $? "$board: the kernel, with the header that U-Boot reads"
    does "$board: extlinux.conf" extlinux_good "$files/extlinux/extlinux.conf" "$files" ''
    does "$board: the root volume is clean" build/host/fsck.logfs --data "$files/root.img:root"
    if [ "$board" = visionfive2 ]; then
        does "$board: vf2_uEnv.txt" environment_good "$files/vf2_uEnv.txt" "$files"
    fi
    does "$board: its sums are right" env -C "$dir" sha256sum --check --strict "aspis-$board.sha256"
    rm -rf "$files"
}

refuses 'a board that is none' 2 '^BOARD=nope is not known: say BOARD=virt, ' scripts/image nope
refuses 'no board' 2 '^BOARD= is not known' scripts/tftp
refuses 'no firmware for virt' 2 'no firmware' env FIRMWARE=card scripts/image virt
refuses 'firmware from nowhere' 2 'FIRMWARE=card or FIRMWARE=none' env FIRMWARE=x scripts/image visionfive2
mkdir "$dir/bin"
for tool in bash env git basename; do ln -s "$(command -v $tool)" "$dir/bin/$tool"; done
refuses 'a tool that is missing' 1 '^image: (sgdisk is not here: apt-get install gdisk|mformat is not here: apt-get install mtools)$' env PATH="$PWD/$dir/bin" scripts/image virt

missing=
for tool in sgdisk mformat bmaptool xz; do command -v $tool >/dev/null || missing=$tool; done
if [ -n "$missing" ]; then
    skip 'the cards' "$missing is not here"
else
    # Firmware that cannot be had is no fault of ours.
    for package in u-boot-sifive u-boot-starfive; do
        [ -d "build/deps/$package/usr" ] || scripts/fetch-deps "$package" "build/deps/$package" >"$dir/$package.log" 2>&1
    done
    card virt
    card visionfive2
    for board in unleashed unmatched; do
        if [ -d build/deps/u-boot-sifive/usr ]; then card $board; else skip "$board: a card" "$(tail -n 1 "$dir/u-boot-sifive.log")"; fi
    done
    if [ -d build/deps/u-boot-starfive/usr ]; then
        mkdir "$dir/full"
        FIRMWARE=card make_image "$dir/full" visionfive2 && holds "$dir/full/aspis-visionfive2.img" 4096 $starfive/u-boot-spl.bin.normal.out &&
            holds "$dir/full/aspis-visionfive2.img" 8192 $starfive/u-boot.itb
        result $? 'visionfive2: with FIRMWARE=card the firmware is in its place'
        rm -rf "$dir/full"
    else
        skip 'visionfive2: with FIRMWARE=card the firmware is in its place' "$(tail -n 1 "$dir/u-boot-starfive.log")"
    fi

    # Made again, elsewhere and later: the same bytes, packed and unpacked.
    mkdir "$dir/again"
    make_image "$dir/again" visionfive2 && cmp "$dir"/{,again/}aspis-visionfive2.img && cmp "$dir"/{,again/}aspis-visionfive2.img.xz &&
        cmp "$dir"/{,again/}aspis-visionfive2.bmap && cmp "$dir"/{,again/}aspis-visionfive2.sha256
    result $? 'made once more it is the same, to the byte'
    rm -rf "$dir/again"
    : >"$dir/card"
    does 'by its map it is copied' bmaptool --quiet copy --bmap "$dir/aspis-virt.bmap" "$dir/aspis-virt.img.xz" "$dir/card"
    does 'to the same' cmp "$dir/card" "$dir/aspis-virt.img"
    scripts/lib/extlinux 'ps; echo $HOME' / >"$dir/words" && extlinux_good "$dir/words" "$dir/virt" 'cmd=ps; echo $HOME' >"$dir/said" 2>&1
    result $? 'commands are appended as they are'
fi

# A card that is none, in use, or too small is not written to. The stand-in is a machine with one card reader.
stand=$dir/stand
seq 1 400000 >"$dir/bytes"
truncate -s 4M "$dir/bytes"
fresh() {
    rm -rf "$stand"
    mkdir -p "$stand/sys/block/sdz/sdz1" "$stand/sys/block/sdz/device" "$stand/sys/block/sdz/holders"
    echo 1 >"$stand/sys/block/sdz/removable"
    echo 16384 >"$stand/sys/block/sdz/size"
    echo 0 >"$stand/sys/block/sdz/ro"
    echo 8:400 >"$stand/sys/block/sdz/dev"
    echo 8:401 >"$stand/sys/block/sdz/sdz1/dev"
    echo 1 >"$stand/sys/block/sdz/sdz1/partition"
    echo 'Card Reader' >"$stand/sys/block/sdz/device/model"
    echo '20 1 8:1 / / rw - ext4 /dev/sda1 rw' >"$stand/mounts"
    head -c 8M /dev/zero | tr '\0' 'x' >"$stand/sdz"
}
untouched() { [ "$(tr -d x <"$stand/sdz" | wc -c)" = 0 ]; }
flash() { STANDIN=$stand scripts/flash "$dir/bytes" "$stand/sdz"; }
# With a terminal, on which one line is typed.
flash_typing() {
    STANDIN=$stand python3 -c '
import os, pty, sys
child, terminal = pty.fork()
if not child:
    os.execv("scripts/flash", ["flash"] + sys.argv[2:])
os.write(terminal, (sys.argv[1] + "\n").encode())
try:
    while data := os.read(terminal, 4096):
        sys.stdout.buffer.write(data)
except OSError:
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))' "$1" "$dir/bytes" "$stand/sdz"
}
refuses 'a file is no card' 1 'not a block device' scripts/flash "$dir/bytes" "$dir/bytes"
refuses 'nor is /dev/null' 1 'not a block device' scripts/flash "$dir/bytes" /dev/null
refuses 'nor nothing' 1 'DEV=/dev/sdX' scripts/flash "$dir/bytes" ''
refuses 'nor what is not there' 1 'is not there' scripts/flash "$dir/bytes" /dev/sd-none
refuses 'without an image' 1 'make image first' scripts/flash "$dir/none" /dev/null
if [ -b /dev/loop0 ] && [ "$(cat /sys/block/loop0/removable 2>/dev/null)" = 0 ]; then
    refuses 'a loop device of this machine' 1 'not removable' scripts/flash "$dir/bytes" /dev/loop0
else
    skip 'a loop device of this machine' 'there is no /dev/loop0'
fi
fresh
echo 0 >"$stand/sys/block/sdz/removable"
refuses 'not removable' 1 'not removable' flash
fresh
echo '21 1 8:401 / /media/photos rw - vfat /dev/sdz1 rw' >>"$stand/mounts"
refuses 'mounted' 1 '/dev/sdz1 is mounted on /media/photos' flash
fresh
mkdir "$stand/sys/block/sdz/holders/dm-0"
refuses 'in use by another' 1 'in use' flash
fresh
echo 1 >"$stand/sys/block/sdz/ro"
refuses 'write-protected' 1 'write-protected' flash
fresh
echo 4096 >"$stand/sys/block/sdz/size"
refuses 'too small' 1 'has 2 MiB, the image 4 MiB' flash
fresh
refuses 'nobody to ask' 1 'no terminal' flash
flash_typing yes >"$dir/said" 2>&1
[ $? = 1 ] && grep -q 'Card Reader, 0.0 GB' "$dir/said" && grep -q 'nothing was written' "$dir/said" && untouched
result $? 'the device has to be typed; till then nothing is written'
does 'then it is' flash_typing "$stand/sdz"
cmp --bytes=4194304 "$dir/bytes" "$stand/sdz" >"$dir/said" 2>&1 && [ "$(tail -c 4M "$stand/sdz" | tr -d x | wc -c)" = 0 ]
result $? 'with the bytes of the image, and no more'
rm -rf "$stand"
echo "1..$count"
