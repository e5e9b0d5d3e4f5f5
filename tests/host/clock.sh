#!/usr/bin/env bash
# clock.sh - the time of the day comes from the clock that init.conf names, through the C library; without one it is said
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/clock
mkdir -p "$dir"
export TIMEOUT=$((60 * ${PATIENCE:-1}))
count=0
result() { # bad? what log
    count=$((count + 1))
    [ "$1" = 0 ] && echo "ok $count - $2" && return
    echo "not ok $count - $2"
    tail -n 8 "$3" | sed 's/^/# /'
}
# A leap day's last seconds, more than the clock's low word can hold, and a year that Linux' 32 bits did not reach.
for base in 2024-02-29T23:59:50 2040-01-31T23:59:50; do
    log=$dir/$base.log
    SMP=1 CMD='date; run hoard 1 2; run hoard 1 12; date; poweroff' QEMU_ARGS="-icount shift=2,sleep=off -rtc base=$base,clock=vm" scripts/run >"$log" 2>&1
    said=$(grep -aoE '^[0-9-]{10} [0-9:]{8} UTC' "$log" | tr '\n' ' ')
    day=${base%T*}
    next=$(date -u -d "$day 1 day" +%Y-%m-%d)
    [[ $said =~ ^$day\ 23:59:5[0-9]\ UTC\ $next\ 00:0[0-1]:[0-5][0-9]\ UTC\ $ ]]
    result $? "from $base on: $said" "$log"
done
log=$dir/none.log
BOARD=sifive_u SMP=1 CMD='date; poweroff' scripts/run >"$log" 2>&1
[ $? = 1 ] && grep -aq '^date: clock: this machine has none that init.conf names' "$log"
result $? 'a machine without a clock says so' "$log"
echo "1..$count"
