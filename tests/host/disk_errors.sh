#!/usr/bin/env bash
# disk_errors.sh - writes and flushes that fail, and disks that vanish, are told of, lose nothing that was promised; what nobody asked for is durable soon
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/disk_errors
. tests/host/prompt.bash

new=$dir/new
"$tools/mkdisk.aspis" "$new" 24M root=16M && "$tools/mkfs.logfs" "$new:root" --label root --checksum-data >"$dir/made"
result $? 'a disk'
boot before "$new" <<<$'echo kept > /kept\nsync\npoweroff'

# From the first flush of a boot on, a transfer fails: once, or for ever.
fails() { # name, event, kind, once: on or off, status; the lines are stdin
    cp "$new" "$dir/$1.disk"
    EMULATOR="-blockdev driver=file,node-name=disk,filename=$dir/$1.disk
        -blockdev driver=blkdebug,node-name=bad,image=disk,set-state.0.event=flush_to_disk,set-state.0.state=1,set-state.0.new_state=2,inject-error.0.event=$2,inject-error.0.iotype=$3,inject-error.0.state=2,inject-error.0.errno=5,inject-error.0.once=$4
        -blockdev driver=raw,node-name=top,file=bad -device virtio-blk-device,drive=top,write-cache=on" boot "$1" '' '' "$5"
}
for kind in 'flush flush_to_disk' 'write write_aio'; do
    set -- $kind
    fails "$1-once" "$2" "$1" on 0 <<'END'
echo one > /one
sync
sync
echo two > /two
sync
cat /kept
poweroff
END
    says sync 'sync: /: I/O error' "a $1 that fails: sync says so"
    says sync '' 'and the next one does it' 2
    says 'cat /kept' 'kept' 'the machine serves on'
    clean "$dir/$1-once.disk"
    boot "$1-after" "$dir/$1-once.disk" <<<$'cat /kept\ncat /one\ncat /two\npoweroff'
    says 'cat /kept' 'kept' 'what was durable before is there'
    says 'cat /one' 'one' 'and what failed first'
    says 'cat /two' 'two' 'and what came then'

    fails "$1-ever" "$2" "$1" off 1 <<'END'
echo one > /one
sync
echo over > /kept
rm /one
sync
cat /kept
run wake
poweroff
END
    says sync 'sync: /: I/O error' "a $1 that fails for ever: sync says so"
    says sync 'sync: /: I/O error' 'each time' 2
    says 'cat /kept' 'over' 'the machine serves on'
    grep -q '^shell: sync: I/O error$' "$log"
    result $? 'and says so at the end'
    clean "$dir/$1-ever.disk"
    boot "$1-later" "$dir/$1-ever.disk" <<<$'cat /kept\nls /one\npoweroff'
    says 'cat /kept' 'kept' 'what was durable before is there'
done

# The disk is pulled out while a program runs.
cp "$new" "$dir/gone.disk"
socket=$dir/monitor
python3 - "$socket" "$dir/gone.log.whole" >"$dir/pulled" 2>&1 <<'END' &
import json
import os
import socket
import sys
import time

stop = time.monotonic() + 30
while time.monotonic() < stop:
    if os.path.exists(sys.argv[2]) and b"hoard: 16" in open(sys.argv[2], "rb").read():
        break
    time.sleep(0.1)
monitor = socket.socket(socket.AF_UNIX)
monitor.connect(sys.argv[1])
answers = monitor.makefile()
for command, words in (("qmp_capabilities", {}), ("human-monitor-command", {"command-line": "drive_del disk0"})):
    monitor.sendall(json.dumps({"execute": command, "arguments": words}).encode() + b"\n")
    while "return" not in answers.readline():
        pass
print("pulled")
END
EMULATOR="-qmp unix:$socket,server=on,wait=off" boot gone "$dir/gone.disk" '' 1 <<'END'
echo one > /one
sync
run hoard 16 5
echo two > /two
sync
cat /one
volume
run wake
sync
poweroff
END
wait
grep -q '^pulled$' "$dir/pulled"
result $? 'the disk is pulled out'
says sync '' 'before, sync works'
says sync 'sync: /: I/O error' 'then it says what is wrong' 2
says sync 'sync: /: I/O error' 'each time' 3
said 'run wake' | grep -q 'the word is 500'
result $? 'the machine serves on'
clean "$dir/gone.disk"
boot gone-after "$dir/gone.disk" <<<$'cat /kept\ncat /one\necho again > /again\nsync\npoweroff'
says 'cat /kept' 'kept' 'in again: what was durable is there'
says 'cat /one' 'one' 'to the last sync'
says sync '' 'and it takes more'
clean "$dir/gone.disk"

# Nobody says sync; some seconds later the emulator is killed.
cp "$new" "$dir/late.disk"
PATIENCE=1 TIMEOUT=20 boot late "$dir/late.disk" '' 124 <<<$'echo late > /late'
boot late-after "$dir/late.disk" <<<$'cat /late\npoweroff'
says 'cat /late' 'late' 'what was written is durable after some seconds, without sync'
clean "$dir/late.disk"
echo "1..$count"
