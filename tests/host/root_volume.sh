#!/usr/bin/env bash
# root_volume.sh - the root volume from the prompt: files that persist, volumes, full and damaged disks, hostile clients
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/root_volume
. tests/host/prompt.bash

# A small disk with a tree, in which one program stands that the initrd has not.
tree=$dir/tree
mkdir -p "$tree/bin" "$tree/notes/deep"
cp build/root/demo/gate "$tree/bin/only-here"
seq 1 3000 >"$tree/notes/numbers"
echo 'a note' >"$tree/notes/deep/note"
new="$dir/new"
"$tools/mkdisk.aspis" "$new" 48M --uuid 0123456789abcdef0123456789abcdef boot=8M root=16M &&
    "$tools/mkdisk.aspis" "$new" --update boot@build/initrd.cpio &&
    "$tools/mkfs.logfs" "$new:root" --from "$tree" --label root --owner 0:0
result $? 'a disk'
fresh() { cp "$new" "$dir/$1" && echo "$dir/$1"; }

disk=$(fresh disk)
INITRD=build/initrd-tests.cpio boot first "$disk" <<'END'
cat /notes/deep/note
cp -r /notes /copy
ls /copy
cat /copy/deep/note
cp /notes/deep/note /notes/deep/again
mv /copy/deep /moved
cat /moved/note
echo one > /words
echo two >> /words
cat /words
ln /words /same
echo three >> /same
cat /words
ln -s notes/deep /short
cat /short/again
snapshot before
rm -r /notes
ls /notes
ls /.snapshots
cat /.snapshots/before/notes/deep/note
echo over > /words
cat /words
mkdir /empty /empty/below
rm /empty
ls /none
cat /none
cat /moved
cp /moved /other
cp -r /moved /moved/inside
mv /none /other
rm /none
rm /.snapshots/before/words
mkdir /moved
ln /none /other
snapshot before
snapshot -d none
cp /moved/note /none/note
volume make root 4
volume make large 4000
volume end root
volume end none
volume grow root 1
volume make store 15
volume grow store 4
volume make small 2
volume grow small 1
run -v small test/served/holder write
run -v small test/served/holder look
volume
run only-here
sync
df
poweroff
END
says 'cat /notes/deep/note' 'a note' 'cat'
says 'ls /copy' $' +[0-9]+ deep/\n +13893 numbers' 'ls of a copied tree'
says 'cat /copy/deep/note' 'a note' 'cp -r'
says 'cat /moved/note' 'a note' 'mv of a directory'
says 'cat /words' $'one\ntwo' 'echo > and >>'
says 'cat /words' $'one\ntwo\nthree' 'ln: two names of one file' 2
says 'cat /short/again' 'a note' 'ln -s, cp'
says 'ls /notes' 'ls: /notes: No such file or directory' 'rm -r'
says 'ls /.snapshots' ' +[0-9]+ before/' 'a snapshot stands in /.snapshots'
says 'cat /.snapshots/before/notes/deep/note' 'a note' 'and has what was removed'
says 'cat /words' 'over' 'echo > over what there was' 3
says 'mkdir /empty /empty/below' '' 'mkdir'
says 'rm /empty' 'rm: /empty: is a directory; -r removes all of it' 'rm of a directory is refused'
says 'cat /none' 'cat: /none: No such file or directory' 'cat of nothing'
says 'cat /moved' 'cat: /moved: Is a directory' 'cat of a directory'
says 'cp /moved /other' 'cp: /moved: is a directory; -r copies all of it' 'cp of a directory'
says 'cp -r /moved /moved/inside' 'cp: /moved: would be copied into itself' 'cp -r into itself'
says 'mv /none /other' 'mv: /none: No such file or directory' 'mv of nothing'
says 'rm /none' 'rm: /none: No such file or directory' 'rm of nothing'
says 'rm /.snapshots/before/words' 'rm: /.snapshots/before/words: Read-only file system' 'rm in a snapshot'
says 'mkdir /moved' 'mkdir: /moved: File exists' 'mkdir of what is there'
says 'ln /none /other' 'ln: /none: No such file or directory' 'ln of nothing'
says 'snapshot before' 'snapshot: before: File exists' 'a second snapshot of a name' 2
says 'snapshot -d none' 'snapshot: none: No such file or directory' 'no such snapshot'
says 'cp /moved/note /none/note' 'cp: .*: No such file or directory' 'cp to nowhere'
says 'volume make root 4' 'volume: root: there is one of that name' 'volume make of a taken name'
says 'volume make large 4000' 'volume: large: no disk has so much free, or can give any' 'of too much'
says 'volume end root' 'volume: root: a program holds it' 'volume end of one that is held'
says 'volume end none' 'volume: none: there is no such volume' 'of one that is not there'
says 'volume grow root 1' 'volume: root: a program holds it' 'volume grow of one that is held'
says 'volume make store 15' '' 'volume make'
says 'volume grow store 4' '' 'volume grow'
said volume | grep -qE '^store +0 +19 ' && said volume | grep -qE '^\(free\) +0 +1$'
result $? 'of nearly all that is free'
says 'run -v small test/served/holder look' '3 units' 'what a holder wrote into the frame of its root, and did not propose, the next one does not see'
said 'run only-here' | grep -q '^100000 calls there and back, sum [0-9]*, all right$'
result $? 'a program that stands in the root volume alone is run'
said df | grep -qE '^root +[0-9]+ +[0-9]+ +1[0-9] '
result $? "df: $(said df | tail -n 1)"
clean "$disk"

boot second "$disk" <<'END'
cat /words
cat /short/again
cat /same
cat /.snapshots/before/words
cat /.snapshots/before/same
snapshot -d before
ls /.snapshots
volume end store
volume end small
volume
mv /words /moved
cat /moved/words
rm -r /copy /moved /empty /same
ls /
poweroff
END
says 'cat /words' 'over' 'a second boot: what was written is there'
says 'cat /short/again' 'cat: /short/again: No such file or directory' 'what was removed is not'
says 'cat /same' 'over' 'two names of one file'
says 'cat /.snapshots/before/words' $'one\ntwo\nthree' 'the snapshot has what was there before'
says 'ls /.snapshots' '' 'a snapshot goes'
said volume | grep -qE '^\(free\) +0 +23$'
result $? 'a volume ends'
says 'cat /moved/words' 'over' 'mv into a directory'
says 'ls /' $' +[0-9]+ bin/\n +[0-9]+ short -> notes/deep' 'what is left'
clean "$disk"

# The same disk as the initrd: a RAM disk.
log=$dir/ram.log
MEM=256M INITRD=$disk boot ram '' <<'END'
ls /
run only-here
echo gone > /tomorrow
cat /tomorrow
ls demo
run wake
volume
poweroff
END
said 'ls /' | grep -q short && [ "$(said 'cat /tomorrow')" = gone ]
result $? 'a disk as the initrd: its root from memory'
said 'run only-here' | grep -q 'all right$' && said 'run wake' | grep -q 'the word is 500'
result $? 'programs of its root and of its archive are run'
clean "$disk"

# Full. What was there stays, and there is room again for what comes after.
disk=$(fresh full)
boot full "$disk" < <(
    echo 'echo kept > /kept'
    echo 'sync'
    for i in $(seq 1 120); do echo "cp /bin/only-here /fill$i"; done
    for i in $(seq 1 120); do echo "cp /notes/numbers /rest$i"; done
    echo 'cat /kept'
    echo 'echo more > /more'
    echo 'cp -r /bin /all'
    echo 'ls /fill1'
    for i in $(seq 1 100); do echo "rm /fill$i"; done
    echo 'echo again > /again'
    echo 'cp /bin/only-here /fits'
    echo 'df'
    echo 'sync'
    echo 'poweroff'
)
[ "$(grep -c ': No space left on device$' "$log")" -gt 5 ]
result $? "a full volume says so, $(grep -c ': No space left on device$' "$log") times"
says 'cat /kept' 'kept' 'what was there is there'
says 'ls /fill1' " *$(stat -c %s "$tree/bin/only-here") /fill1" 'and what was copied is whole'
says 'rm /fill1' '' 'rm works'
says 'cp /bin/only-here /fits' '' 'and then there is room again'
clean "$disk"
boot after "$disk" <<'END'
cat /kept
cat /again
run fits
poweroff
END
says 'cat /kept' 'kept' 'after a boot it is there'
says 'cat /again' 'again' 'and what came later'
said 'run fits' | grep -q 'all right$'
result $? 'the copy of a program runs'

# The server is killed, and while a program runs another takes its place, with the same limits.
disk=$(fresh killed)
boot killed "$disk" killed <<'END'
echo one > /one
sync
kill files
run wake
cat /one
kill files
run wake
cat /notes/deep/note
echo two > /two
cat /two
holds files
run only-here
poweroff
END
says 'cat /one' 'one' 'after its death the server is there again'
says 'cat /two' 'two' 'and once more'
said 'run only-here' | grep -q 'all right$'
result $? 'programs of the root volume are run'
clean "$disk"

# Disks that are not as they should be: one clear line, and the machine is up.
disk=$(fresh readonly)
boot readonly "$disk,readonly=on" <<'END'
cat /notes/deep/note
echo x > /x
rm -r /notes
snapshot a
sync
volume make more 2
volume end boot
run only-here
poweroff
END
cmp -s "$disk" "$new"
result $? 'a disk that may only be read is as it was'
says 'cat /notes/deep/note' 'a note' 'and is read'
says 'echo x > /x' 'echo: /x: Read-only file system' 'not written'
says 'rm -r /notes' 'rm: /notes/deep/note: Read-only file system' 'nothing is removed'
says 'volume end boot' 'volume: boot: its disk is read-only' 'no volume ends'
said 'run only-here' | grep -q 'all right$'
result $? 'its programs are run'

up() { # what, image, pattern of a line
    boot "$1" "$2" <<'END'
ls bin/
volume
run wake
poweroff
END
    line "$3" "$1"
    said 'run wake' | grep -q 'the word is 500' && said 'ls bin/' | grep -q 'bin/shell'
    result $? "$1: the initrd's programs are there"
}
boot none '' <<'END'
cat /x
echo x > /x
volume
sync
run wake
poweroff
END
says 'cat /x' 'cat: files: this machine has no root volume' 'no disk: cat'
says 'echo x > /x' 'echo: files: this machine has no root volume' 'no disk: echo'
says 'volume' 'volume: disks: this machine has no disk of volumes' 'no disk: volume'

disk=$(fresh half)
truncate -s 24M "$disk"
up half "$disk" 'disk 0: no volumes: it was made on a larger disk, or this one is cut off'
cmp -s "$disk" <(head -c 24M "$new")
result $? 'and no byte of it has changed'
disk=$(fresh catalogue)
poke "$disk" $((16 * 4096 + 300)) 'SPOILED'
poke "$disk" $((17 * 4096 + 300)) 'SPOILED'
up catalogue "$disk" 'disk 0: no volumes: damaged or torn'
disk=$(fresh one-catalogue)
poke "$disk" $((16 * 4096 + 300)) 'SPOILED'
boot one-catalogue "$disk" <<<$'cat /notes/deep/note\npoweroff'
disk=$(fresh roots)
poke "$disk" $((24 * 4096 + 300)) 'SPOILED'
poke "$disk" $((25 * 4096 + 300)) 'SPOILED'
up roots "$disk" 'disk 0: volume root is set aside: damaged or torn'
disk=$(fresh twice)
python3 - "$disk" <<'END'
import struct
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


# Volume 1 gets the name of volume 2, and both copies are that catalogue.
with open(sys.argv[1], "r+b") as image:
    image.seek(16 * 4096)
    copies = [bytearray(image.read(4096)) for _ in range(2)]
    data = max(copies, key=lambda copy: struct.unpack_from("<Q", copy, 16))
    data[64:96] = data[128:160]
    data[12:16] = bytes(4)
    data[12:16] = struct.pack("<I", crc32c(data))
    image.seek(16 * 4096)
    image.write(data + data)
END
cp "$disk" "$dir/twice.was"
up twice "$disk" 'disk 0: no volumes: the name or the id is taken'
cmp -s "$disk" "$dir/twice.was"
result $? 'and no byte of it has changed'
# Two disks that have volumes of one name: the first disk's counts.
disk=$(fresh first-root)
second=$dir/second-root
"$tools/mkdisk.aspis" "$second" 24M --uuid fedcba9876543210fedcba9876543210 boot=8M root=12M &&
    "$tools/mkdisk.aspis" "$second" --update boot@build/initrd.cpio &&
    "$tools/mkfs.logfs" "$second:root" --label root >"$dir/made"
result $? 'a second disk with a volume of that name'
MEM=256M INITRD=$second boot two-roots "$disk" <<'END'
cat /notes/deep/note
echo here > /here
volume
sync
poweroff
END
says 'cat /notes/deep/note' 'a note' 'two volumes of a name on two disks: the first disk has it'
[ "$(said volume | grep -cE '^root +[01] ')" = 2 ]
result $? 'both are listed'
clean "$disk"
disk=$(fresh no-logfs)
dd if=/dev/zero of="$disk" bs=1M seek=9 count=16 conv=notrunc status=none
boot no-logfs "$disk" <<<$'cat /x\nvolume\npoweroff'
line 'files: the volume is not mounted: no logfs of this version in it, or a damaged one' 'a root volume without a file system'
grep -q '^cat: files: this machine has no root volume$' "$log"
result $? 'and cat says so'

# Clients of the file server that want harm.
disk=$(fresh hostile)
INITRD=build/initrd-tests.cpio boot hostile "$disk" <<'END'
run test/served/hostile
cat /notes/deep/note
sync
poweroff
END
said 'run test/served/hostile' >"$dir/tap"
while read -r verdict; do
    ! [[ $verdict == not* ]]
    result $? "hostile clients: ${verdict#* - }" 40
done < <(grep -E '^(not )?ok' "$dir/tap")
[ "$(grep -cE '^ok' "$dir/tap")" = "$(sed -n 's/^1\.\.//p' "$dir/tap")" ]
result $? 'hostile clients: all was tried'
says 'cat /notes/deep/note' 'a note' 'the server serves on'
clean "$disk"
echo "1..$count"
