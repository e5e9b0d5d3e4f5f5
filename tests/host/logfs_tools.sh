#!/usr/bin/env bash
# logfs_tools.sh - mkfs, fsck, dump and logfs-fuse: reproducible, clear, and harmless to what they do not understand
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/logfs_tools
tools=build/host
count=0
rm -rf "$dir" && mkdir -p "$dir"

result() { # good? what
    count=$((count + 1))
    [ "$1" = 0 ] && echo "ok $count - $2" && return
    echo "not ok $count - $2"
    tail -n 3 "$dir/said" 2>/dev/null | sed 's/^/#   /'
}
does() { # what command...: it ends well
    local what=$1
    shift
    "$@" >"$dir/said" 2>&1
    result $? "$what"
}
# It ends with that status, says one line of that form, and the image is as it was.
refuses() { # what, status, pattern, image, command...
    local what=$1 status=$2 pattern=$3 image=$4 before after got
    shift 4
    before=$(cksum <"$image")
    "$@" >"$dir/said" 2>&1
    got=$?
    after=$(cksum <"$image")
    [ "$got" = "$status" ] && [ "$(wc -l <"$dir/said")" = 1 ] && grep -qE "$pattern" "$dir/said" && [ "$before" = "$after" ]
    result $? "$what: $(head -c 100 "$dir/said" | sed "s,$dir/,,g" | tr -d '\n')"
}
poke() { # image, byte, text: writes over
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
dump() { "$tools/dump.logfs" "$@"; }

# A tree with what a tree may have.
tree=$dir/tree
mkdir -p "$tree/a/b" "$tree/empty"
seq 1 20000 >"$tree/a/numbers"
printf 'short' >"$tree/a/b/short"
: >"$tree/nothing"
ln "$tree/a/numbers" "$tree/again"
ln -s a/numbers "$tree/link"
truncate -s 300K "$tree/holes" && printf 'end' >>"$tree/holes"
for i in $(seq 1 300); do echo "$i" >"$tree/empty/file$i"; done
chmod 4711 "$tree/a/b/short"
find "$tree" -exec touch -h -d @1700000000 {} +

export SOURCE_DATE_EPOCH=1700000000
does 'a volume from a directory' "$tools/mkfs.logfs" "$dir/one" 16M --from "$tree" --label test --checksum-data
cp -a "$tree" "$dir/copy"
does 'the same once more, from a copy of the directory' "$tools/mkfs.logfs" "$dir/two" 16M --from "$dir/copy" --label test --checksum-data
does 'both are the same bytes' cmp "$dir/one" "$dir/two"
does 'fsck finds it clean, its data too' "$tools/fsck.logfs" --data "$dir/one"
result "$(grep -q ': clean: ' "$dir/said"; echo $?)" 'and says so'
does 'an empty volume' "$tools/mkfs.logfs" "$dir/empty" 8M
does 'is clean' "$tools/fsck.logfs" "$dir/empty"
does 'dump tells what is in it and draws it' dump --segments --svg "$dir/one.svg" "$dir/one"
grep -q '^label  *test$' "$dir/said" && grep -q '^data checksums  *yes$' "$dir/said" && [ "$(grep -c '^segment  *[0-9]' "$dir/said")" = 16 ]
result $? 'label, features, each of 16 segments'
python3 -c '
import sys, xml.dom.minidom
titles = xml.dom.minidom.parse(sys.argv[1]).getElementsByTagName("title")
sys.exit(len(titles) != 16)' "$dir/one.svg" 2>"$dir/said"
result $? 'the drawing is well formed and shows each segment'

# What it must not touch.
refuses 'mkfs spares what is there' 8 'is there already' "$dir/one" "$tools/mkfs.logfs" "$dir/one" 16M
refuses 'a size that is none' 16 'whole MiB' "$dir/one" "$tools/mkfs.logfs" "$dir/new" 3M
[ ! -e "$dir/new" ]
result $? 'and nothing is made'
mkdir "$dir/large" && head -c 9M /dev/urandom >"$dir/large/file"
"$tools/mkfs.logfs" "$dir/small" 8M --from "$dir/large" >"$dir/said" 2>&1
[ $? = 8 ] && [ ! -e "$dir/small" ] && [ "$(wc -l <"$dir/said")" = 1 ]
result $? "a directory that does not fit leaves no volume: $(sed "s,$dir/,,g" "$dir/said")"

head -c 9M /dev/zero >"$dir/zeros"
head -c 1000 "$dir/one" >"$dir/stump"
head -c 9M "$dir/one" >"$dir/short"
cp "$dir/one" "$dir/newer" && poke "$dir/newer" 4 '\011'
cp "$dir/one" "$dir/beaten" && head -c 65536 /dev/urandom | dd of="$dir/beaten" bs=512 seek=64 conv=notrunc status=none
head -c 65536 /dev/urandom | dd of="$dir/beaten" bs=512 seek=128 conv=notrunc status=none
for tool in fsck.logfs dump.logfs; do
    refuses "$tool, zeros" 8 ': no volume of logfs$' "$dir/zeros" "$tools/$tool" "$dir/zeros"
    refuses "$tool, some bytes" 8 ': too short for a volume' "$dir/stump" "$tools/$tool" "$dir/stump"
    refuses "$tool, half a volume" 8 ': truncated: ' "$dir/short" "$tools/$tool" "$dir/short"
    refuses "$tool, another version" 8 ': a volume of format version ' "$dir/newer" "$tools/$tool" "$dir/newer"
    refuses "$tool, no checkpoint" 8 ': a damaged volume ' "$dir/beaten" "$tools/$tool" "$dir/beaten"
    refuses "$tool, no file" 8 'No such file' "$dir/one" "$tools/$tool" "$dir/none"
done

# Every third page of the used part spoiled in turn: fsck tells, and never writes.
told=0 tried=0
for page in $(seq 256 3 355); do
    cp "$dir/one" "$dir/spoiled"
    poke "$dir/spoiled" $((page * 4096 + 100)) 'SPOILED'
    before=$(cksum <"$dir/spoiled")
    timeout 20 "$tools/fsck.logfs" --data "$dir/spoiled" >"$dir/said" 2>&1
    status=$?
    [ "$before" = "$(cksum <"$dir/spoiled")" ] || status=wrote
    cmp -s "$dir/one" "$dir/spoiled" && continue
    tried=$((tried + 1))
    case $status in 4 | 8) told=$((told + 1)) ;; 0) ;; *) told=-1000 ;; esac
done
[ "$told" -gt 0 ]
result $? "of $tried spoiled images fsck tells $told (the others were spoiled where nothing is)"

# Disks of volumes.
disk=$dir/disk
uuid=00112233445566778899aabbccddeeff
make_disk() { # image
    "$tools/mkdisk.aspis" "$1" 32M --uuid $uuid boot=2M "letter@$tree/a/numbers" root=16M &&
        "$tools/mkfs.logfs" "$1:root" --from "$tree" --label root --owner 0:0
}
does 'a disk of volumes, and a file system in one' make_disk "$disk"
does 'the same once more' make_disk "$dir/disk2"
does 'with --uuid both are the same bytes' cmp "$disk" "$dir/disk2"
does 'fsck of IMAGE:VOLUME' "$tools/fsck.logfs" --data "$disk:root"
does 'dump of IMAGE:VOLUME' dump "$disk:root"
grep -q '^label  *root$' "$dir/said"
result $? 'tells its label'
dd if="$disk" bs=1M skip=3 count=1 status=none | head -c "$(stat -c %s "$tree/a/numbers")" | cmp -s - "$tree/a/numbers"
result $? 'a volume has the bytes of a file'
head -c 1500000 /dev/urandom >"$dir/letter"
does 'boot@FILE with --update' "$tools/mkdisk.aspis" "$dir/disk2" --update "boot@$dir/letter"
dd if="$dir/disk2" bs=1M skip=1 count=2 status=none | head -c 1500000 | cmp -s - "$dir/letter"
result $? 'changes that volume'
cmp -s <(tail -c +$((3 * 1048576 + 1)) "$disk") <(tail -c +$((3 * 1048576 + 1)) "$dir/disk2")
result $? 'and no other'
echo newer >"$dir/copy/nothing"
does 'mkfs --update of IMAGE:VOLUME' "$tools/mkfs.logfs" "$dir/disk2:root" --update --from "$dir/copy" --owner 0:0
does 'is clean' "$tools/fsck.logfs" --data "$dir/disk2:root"
refuses 'mkdisk spares what is there' 8 'is there already' "$disk" "$tools/mkdisk.aspis" "$disk" 32M a=2M
refuses '--update of a volume that is not there' 8 'there is no volume none' "$disk" "$tools/mkdisk.aspis" "$disk" --update "none@$dir/letter"
refuses '--update with a file that is not there' 8 'No such file' "$disk" "$tools/mkdisk.aspis" "$disk" --update "boot@$dir/none"
refuses '--update with no file' 16 'not NAME@FILE' "$disk" "$tools/mkdisk.aspis" "$disk" --update boot=2M
refuses '--update with a file that is too large' 8 'larger than the volume' "$disk" "$tools/mkdisk.aspis" "$disk" --update "boot@$dir/large/file"
refuses '--update of what is no disk' 8 'no disk of volumes' "$dir/one" "$tools/mkdisk.aspis" "$dir/one" --update "boot@$dir/letter"
refuses 'fsck of a volume that is not there' 8 'no volume' "$disk" "$tools/fsck.logfs" "$disk:none"
refuses 'fsck of a volume without a file system' 8 'too short for a volume of logfs' "$disk" "$tools/fsck.logfs" "$disk:boot"
refuses 'fsck of a volume of what is no disk' 8 'no disk of volumes' "$dir/one" "$tools/fsck.logfs" "$dir/one:root"
head -c 12M "$disk" >"$dir/half"
refuses 'fsck of a volume of half a disk' 8 'larger disk' "$dir/half" "$tools/fsck.logfs" "$dir/half:root"
wrong_disk() { # what, status, pattern, words...: no image is made
    local what=$1 status=$2 pattern=$3 got
    shift 3
    rm -f "$dir/wrong"
    "$tools/mkdisk.aspis" "$dir/wrong" "$@" >"$dir/said" 2>&1
    got=$?
    [ "$got" = "$status" ] && [ "$(wc -l <"$dir/said")" = 1 ] && grep -qE "$pattern" "$dir/said" && [ ! -e "$dir/wrong" ]
    result $? "$what: $(head -c 100 "$dir/said" | sed "s,$dir/,,g" | tr -d '\n')"
}
wrong_disk 'a size that is none' 16 'whole MiB' 3000K a=1M
wrong_disk 'a number that is none' 16 'hexadecimal' 16M --uuid 12 a=1M
wrong_disk 'a volume of no size' 16 'no size in whole MiB' 16M a=0
wrong_disk 'a volume that is too large' 8 'no 16 MiB in a row are free' 16M a=16M
wrong_disk 'two of a name' 8 'taken' 16M a=2M a=2M
wrong_disk 'a name of two words' 8 'without meaning' 16M 'a b=2M'
wrong_disk 'a name that is too long' 16 'names have' 16M "$(printf 'a%.0s' {1..40})=2M"

# The host's own calls, through FUSE.
skip=
[ -x "$tools/logfs-fuse" ] || skip='logfs-fuse was not built: libfuse3 is not here'
{ [ -r /dev/fuse ] && [ -w /dev/fuse ]; } || skip=${skip:-/dev/fuse is not here, or not ours to use}
mount=$dir/mount
mkdir -p "$mount"
if [ -z "$skip" ] && ! "$tools/logfs-fuse" "$dir/one" "$mount" >"$dir/said" 2>&1; then
    skip="no mount here: $(tail -n 1 "$dir/said")"
fi
if [ -n "$skip" ]; then
    count=$((count + 1))
    echo "ok $count - logfs-fuse # SKIP $skip"
else
    leave() {
        fusermount3 -u "$mount" 2>/dev/null || umount "$mount"
        timeout 20 flock "$dir/one" true
    }
    does 'mounted, it is the directory that it was made of' diff -r --no-dereference "$tree" "$mount"
    [ "$(stat -c '%a %h %s %Y' "$mount/a/b/short" "$mount/again" "$mount/link")" = "$(stat -c '%a %h %s %Y' "$tree/a/b/short" "$tree/again" "$tree/link")" ]
    result $? 'with its modes, links, sizes and times'
    refuses 'fsck leaves what is mounted alone' 8 'in use' "$tree/nothing" "$tools/fsck.logfs" "$dir/one"
    cp -r "$tree/a" "$mount/written" && sync "$mount/written/numbers" && mv "$mount/written" "$mount/moved" && rm "$mount/again"
    result $? 'it takes copies, renames, removals'
    leave
    does 'clean afterwards' "$tools/fsck.logfs" --data "$dir/one"
    "$tools/logfs-fuse" "$dir/one" "$mount" -o ro >"$dir/said" 2>&1 && diff -r "$tree/a" "$mount/moved" >"$dir/said" && [ ! -e "$mount/again" ] && ! touch "$mount/no" 2>/dev/null
    result $? 'mounted again, read-only, it has what was written'
    leave
fi
echo "1..$count"
