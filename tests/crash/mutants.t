#!/usr/bin/env bash
# mutants.t - each way to break logfs that a crash shows is found by the crash states
# SPDX-License-Identifier: MIT
set -u
count=0
for program in build/tests/crash/logfs_crash-*; do
    [ -f "$program" ] && [ -x "$program" ] || continue
    name=${program##*-}
    said=$(nice "$program" --stop --states 20000 --seed "${SEED:-1}" 2>&1)
    status=$?
    count=$((count + 1))
    needed=$(sed -n 's/^# first fault after //p' <<<"$said")
    if [ "$status" = 1 ] && [ -n "$needed" ]; then
        echo "ok $count - $name, after $needed"
        grep -m 1 FAULT <<<"$said"
    else
        echo "not ok $count - $name: not noticed, exit status $status"
    fi
done
echo "1..$count"
[ "$count" -gt 0 ]
