#!/usr/bin/env bash
# trusted.sh - a device that reaches all memory goes only to a program that init.conf calls `trusted`, which is said at boot
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/trusted
mkdir -p "$dir"
export TIMEOUT=$((60 * ${PATIENCE:-1})) BOARD=sifive_u SMP=1 CMD='ps; poweroff'
count=0
result() { # bad? what
    count=$((count + 1))
    [ "$1" = 0 ] && echo "ok $count - $2" && return
    echo "not ok $count - $2"
    tail -n 12 "$log" | sed 's/^/# /'
}
# A boot with one more program in init.conf: blink, which finds no pins in what it is given, and says so.
boot() { # name, lines of its block...
    local name=$1
    shift
    log=$dir/$name.log
    sed '/^program sd/,$d' userland/etc/init.conf >"$dir/$name.conf"
    printf '%s\n' 'program extra' 'path bin/blink' 'frames 96' 'holds 24' 'vspaces 1' 'environments 1' 'slot-limit 2' 'lines 1' \
        'slots 1 on 0' "$@" >>"$dir/$name.conf"
    sed -n '/^program shell/,$p' userland/etc/init.conf >>"$dir/$name.conf"
    scripts/mkinitrd "$dir/$name.cpio" etc/init.conf="$dir/$name.conf" bin/console=build/root/bin/console bin/blink=build/root/bin/blink \
        bin/shell=build/root/bin/shell
    INITRD=$dir/$name.cpio scripts/run 2>&1 | tr -d '\r' >"$log"
    grep -q '^exit status: 0' "$log"
    result $? "$name: up, and a good end"
}
# That it ended may stand in the middle of a line of `ps`.
started() { grep -qE '^ .* extra |init: extra ended' "$log"; }
named() { grep -c '^init: .* is trusted with all memory' "$log"; }
refused='^init: extra is not `trusted`: it does not get ethernet@10090000 (sifive,fu540-c000-gem), which reaches all memory$'

boot refused 'device ethernet@10090000'
[ "$(grep -c "$refused" "$log")" = 1 ] && [ "$(named)" = 0 ] && ! started
result $? 'who is not trusted does not start, and one line says why'
boot second 'device gpio@10060000' 'device ethernet@10090000'
[ "$(grep -c "$refused" "$log")" = 1 ] && [ "$(named)" = 0 ]
result $? 'nor by its second device'
boot trusted 'device ethernet@10090000' trusted
[ "$(named)" = 1 ] && grep -q '^init: extra is trusted with all memory, by ethernet@10090000$' "$log" && ! grep -q "$refused" "$log" &&
    started
result $? 'who is trusted is named, once, and starts'
boot harmless 'device gpio@10060000' trusted
[ "$(named)" = 0 ] && ! grep -q 'not .trusted.' "$log"
result $? 'a device that reaches no memory makes nobody be named'
boot absent 'device nothing@1' trusted
[ "$(named)" = 0 ]
result $? 'nor does one that is not there'
echo "1..$count"
