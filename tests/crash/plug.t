#!/usr/bin/env bash
# plug.t - the whole machine loses power: what it wrote is replayed in other orders, and its plug is pulled
# SPDX-License-Identifier: MIT
#
# STATES=20000 of each class, OPERATIONS=5000, PLUGS=200 for more than a look.
set -u
dir=build/log/crash/machine
tools=build/host
replay=build/tests/crash/replay
units=12
count=0
rm -rf "$dir" && mkdir -p "$dir"

result() { # good? what file
    count=$((count + 1))
    [ "$1" = 0 ] && echo "ok $count - $2" || echo "not ok $count - $2"
    tail -n 8 "$3" | sed 's/^#* */# /'
}
# Files that stay fill most of the volume: so the cleaner works.
mkdir -p "$dir/stays"
for i in $(seq 1 160); do seq $((i * 1000)) $((i * 1000 + 4200)) >"$dir/stays/$i"; done
# Boots with the load on a new disk, all of whose writes and flushes QEMU logs.
work() { # initrd, operations
    rm -f "$dir/disk" "$dir/log"
    "$tools/mkdisk.aspis" "$dir/disk" $((units + 2))M root=${units}M &&
        "$tools/mkfs.logfs" "$dir/disk:root" --from "$dir/stays" --checksum-data >"$dir/made" &&
        cp --sparse=always "$dir/disk" "$dir/before" && : >"$dir/log"
    QEMU_ARGS="-icount shift=2
        -blockdev driver=file,node-name=disk,filename=$dir/disk -blockdev driver=file,node-name=log,filename=$dir/log
        -blockdev driver=blklogwrites,node-name=logged,file=disk,log=log,log-sector-size=512,log-super-update-interval=64
        -device virtio-blk-device,drive=logged,write-cache=on" \
        INITRD=$1 SMP=1 CMD="run test/served/load ${SEED:-1} $2" TIMEOUT=$((60 * ${PATIENCE:-1})) nice scripts/run >"$dir/console" 2>&1 &&
        grep -q "^ACK $2" "$dir/console"
}
states() { nice "$replay" "$dir/before" 1 $units "${SEED:-1}" "$dir/log" "$1" >"$dir/said" 2>&1; }

operations=${OPERATIONS:-800}
work build/initrd-tests.cpio "$operations"
result $? "$operations operations are told of" "$dir/console"
"$tools/fsck.logfs" --data "$dir/disk:root" >"$dir/said" 2>&1
result $? 'what they left is clean' "$dir/said"
nice "$replay" "$dir/disk" 1 $units "${SEED:-1}" --done "$operations" >"$dir/said" 2>&1
result $? 'and all of it' "$dir/said"
states "${STATES:-500}"
result $? 'after a loss of power at any time, whatever of the cache was written' "$dir/said"

scripts/mkinitrd "$dir/mutant.cpio" etc/init.conf=userland/etc/init.conf bin/console=build/root/bin/console \
    bin/shell=build/root/bin/shell bin/files=build/tests/crash/files-NO_FLUSH test/served/load=build/root/test/served/load
work "$dir/mutant.cpio" 150 && ! states 100 && grep -q '# P: .* 0 wrong' "$dir/said" && grep -qE '# X: .* [1-9][0-9]* wrong' "$dir/said"
result $? 'a file server that never flushes is noticed, though every prefix is good' "$dir/said"

nice tests/crash/plug "${PLUGS:-5}" "${SEED:-1}" >"$dir/said" 2>&1
result $? "the plug pulled ${PLUGS:-5} times" "$dir/said"
echo "1..$count"
