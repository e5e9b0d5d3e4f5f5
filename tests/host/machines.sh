#!/usr/bin/env bash
# machines.sh - boots, and tests of time and memory, on harts that lack what virt's have
# SPDX-License-Identifier: MIT
#
# No Sstc: firmware sets the timers. Svade: a page whose A or D bit is not set faults, where others set the bit. sifive_u:
# a hart 0 without S-mode, no Sstc, no time CSR, 53 lines. SiFive's harts: every TLB fence is one of everything.
# No Zbc: sums go by tables.
set -u
dir=build/log/host/machines
mkdir -p "$dir"
export TIMEOUT=$((60 * ${PATIENCE:-1}))
tests=(slice_shares:4 sleep_wakeup:4 critical_bounded:1 stale_tlb_other_hart:4 asid_recycle:1 vm_swap:1 vm_copy:1 crc32c_both_ways:1)

count=0
result() { # bad? what [log]
    count=$((count + 1))
    [ "$1" = 0 ] && echo "ok $count - $2" && return
    echo "not ok $count - $2"
    [ -z "${3:-}" ] || tail -n 12 "$3" | sed 's/^/# /'
}

# A boot to the prompt, and each test; what the boot must say follows.
machine() { # name, board, words for the emulator, lines that the boot prints...
    local name=$1 bad=0 line test log=$dir/$1.log
    export BOARD=$2 QEMU_ARGS=$3
    shift 3
    # An emulator that does not know a property says so.
    echo quit | qemu-system-riscv64 -M "$BOARD" $QEMU_ARGS -smp 5 -display none -serial none -monitor stdio -S >"$log" 2>&1
    line=$(grep -am 1 -o "'[^']*' not found" "$log")
    if [ -n "$line" ]; then
        count=$((count + 1))
        echo "ok $count - $name # SKIP $(qemu-system-riscv64 --version | sed -n '1s,.*version \([0-9.]*\).*,QEMU \1,p'): $line"
        return
    fi
    SMP=4 CMD='ps; poweroff' scripts/run >"$log" 2>&1 || bad=1
    for line in "$@" '^exit status: 0'; do
        grep -aq "$line" "$log" || { bad=1 && echo "# not said: $line"; }
    done
    result $bad "$name: four harts come to the prompt" "$log"
    [ $bad = 0 ] || return
    for test in "${tests[@]}"; do
        log=$dir/$name-${test%:*}.log
        bad=0
        tests/run-guest "${test%:*}" "${test#*:}" >"$log" 2>&1 && grep -q '^ok' "$log" && ! grep -q '^not ok' "$log" || bad=1
        result $bad "$name: ${test%:*} on ${test#*:}" "$log"
    done
}

machine no-sstc virt '-cpu rv64,sstc=off' '^harts: 4 at 10000000 Hz, timers by firmware'
machine sifive-harts virt '-cpu rv64,mvendorid=0x489' '^harts: 4 at 10000000 Hz'
machine no-zbc virt '-cpu rv64,zbc=false' '^harts: 4 at 10000000 Hz'
machine svade virt '-cpu rv64,svadu=off,svade=on' '^harts: 4 at 10000000 Hz'
machine sifive_u sifive_u '' '^hart 0 skipped: ' '^harts: 4 at 1000000 Hz, timers by firmware'
echo "1..$count"
