#!/usr/bin/env bash
# steward.sh - init asks for memory in proportion, spares who keeps little or answers, and forces the deaf
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/steward
mkdir -p "$dir"
count=0
log=''

result() { # good? what
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        echo "# the last lines of $log:"
        tail -n 20 "$log" | sed 's/^/#   /'
    fi
}

# One boot with the lines of stdin instead of the first ones of init.conf. One hart has deterministic time: the host's load
# moves no deadline. Several harts would wait for one another's turns then; they get time instead.
boot() { # name, harts, commands
    local name=$1 conf=$dir/$1.conf time=''
    [ "$2" = 1 ] && time='-icount shift=2,sleep=off'
    log=$dir/$name.log
    cat - <(sed -n '/^program console/,$p' userland/etc/init.conf) >"$conf"
    scripts/mkinitrd "$dir/$name.cpio" etc/init.conf="$conf" bin/console=build/root/bin/console \
        bin/shell=build/root/bin/shell demo/hoard=build/root/demo/hoard
    QEMU_ARGS=$time KERNEL=build/kernel-ubsan/Image INITRD=$dir/$name.cpio SMP=$2 MEM=128M \
        TIMEOUT=$((180 * ${PATIENCE:-1})) CMD=$3 scripts/run >"$log" 2>&1
}

says() { grep -qE "$1" "$log" && ! grep -q panic "$log"; }
# A column of the first, or last, line that `memory` printed of a program.
column() { # program, number
    tr -d '\r' <"$log" | awk -v name="$1" -v at="$2" '$2 == name && NF == 12 { print $at; exit }'
}
last() { # program, number
    tr -d '\r' <"$log" | awk -v name="$1" -v at="$2" '$2 == name && NF == 12 { value = $at } END { print value }'
}
# What a hoard of that size gave.
gave() { sed -nE "s/.*of $1 frames it gave ([0-9]+),.*/\1/p" "$log" | head -n 1; }
free_frames() { tr -d '\r' <"$log" | awk '/frames are free;/ { print $1; exit }'; }

free='free-frames 20000 21000'

# The polite give, in proportion, and lose nothing; the small ones and the shell are left alone.
boot polite 1 'run hoard 8000 2 &; run hoard 5000 2 &; run hoard 40 1; memory; run hoard 40 3; poweroff' <<<"free-frames 18500 22800
slots 2 each"
[ "$(free_frames)" -ge 18500 ]
result $? "the reserve is there again: $(free_frames) frames are free"
says 'asked 2 programs for'
result $? 'two were asked at once'
[ "$(grep -c 'lost 0 to force' "$log")" = 4 ] && ! says 'by force, time'
result $? 'who answers loses nothing'
says 'of 40 frames it gave 0'
result $? 'who holds little is not asked'
[ "$(column shell 6)" = "" ] && says 'exit status: 0'
result $? 'nor is the shell, which keeps 1024'
[ "$(gave 8000)" -gt "$(gave 5000)" ] && [ "$(gave 5000)" -gt 0 ]
result $? 'the larger gave more than the smaller'

# The deaf are forced, and their limit sinks with it: on one hart, and while they run on others.
for harts in 1 4; do
    wait=$((harts == 1 ? 2 : 12))
    boot "deaf$harts" "$harts" "run hoard 12500 90 deaf &; run hoard 40 $wait; memory; kill hoard; run hoard 40 3; memory; poweroff" <<<"$free
deadline 30
slots 2 each"
    [ "$(free_frames)" -ge 20000 ]
    result $? "$harts harts: the reserve is there again: $(free_frames) frames are free"
    says 'init: hoard owes [0-9]+ frames: taken by force, time 1'
    result $? "$harts harts: the deaf one is told of by name"
    [ "$(column hoard 10)" -ge 1 ]
    result $? "$harts harts: how often it was forced is shown"
    says 'gave 0, lost 0 to force and took 0 again'
    result $? "$harts harts: the small one beside it loses nothing"
    [ "$(column shell 12)" -ge 1 ]
    result $? "$harts harts: the limit of the service above it sank: $(column shell 12)"
    says 'init: hoard .*time' && [ "$(column shell 5)" = 1024 ] && [ "$(last shell 12)" = 0 ]
    result $? "$harts harts: and is given back when it is gone and time has passed"
    says 'exit status: 0'
    result $? "$harts harts: a good end"
done

# What the file says wrong is told in one line.
wrong() { # line, message
    boot wrong 1 'poweroff' <<<"$1"
    says "etc/init.conf:1: .*$2"
    result $? "'$1' is refused"
}
wrong 'free-frames 100 50' 'HIGH at least LOW'
wrong 'deadline 0' '1 to 10000'
wrong 'keep many' 'keep FRAMES'
echo "1..$count"
