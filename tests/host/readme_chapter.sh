#!/usr/bin/env bash
# readme_chapter.sh - the programs of README.md, built and run as they stand there, print what it shows
# SPDX-License-Identifier: MIT
#
# Each block of C is a whole program; the block of text that follows is its output. Times differ from machine to machine:
# numbers are compared where the program has no clock.
set -u
dir=build/log/host/readme
rm -rf "$dir"
mkdir -p "$dir"
unset MAKEFLAGS MAKELEVEL MFLAGS
export SMP=1 QEMU_ARGS='-icount shift=2,sleep=off'

awk -v dir="$dir" '
    /^## / { inside = /^## Write your own/ }
    inside && /^```$/ { kind = ""; next }
    inside && /^```(c|text)$/ { kind = substr($0, 4); fresh = 1; next }
    kind == "c" && fresh { name = $2; sub(/\.c$/, "", name); print name >(dir "/names"); fresh = 0 }
    kind { print >(dir "/" name "." kind) }' README.md

count=0
result() { # good? what, log
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        tail -n 12 "$3" | sed 's/^/# /'
    fi
}

{ scripts/install-sdk "$dir/mine/sdk" && scripts/template "$dir/mine"; } >"$dir/template.log" 2>&1
result $? 'a directory of one'\''s own' "$dir/template.log"
while read -r name; do
    cp "$dir/$name.c" "$dir/mine/hello.c"
    make -C "$dir/mine" CFLAGS='-Wall -Wextra -Werror' >"$dir/$name.build" 2>&1
    result $? "$name: builds without a warning" "$dir/$name.build"
    timeout "$((120 * ${PATIENCE:-1}))" make -C "$dir/mine" run ASPIS="$PWD" CMD='echo ----; run hello; poweroff' \
        >"$dir/$name.log" 2>&1 && grep -q '^exit status: 0' "$dir/$name.log"
    result $? "$name: runs, and is content with what it saw" "$dir/$name.log"
    # What stands between; times lose their numbers.
    sed -n 's/\r$//;/^----$/,/^exit status: /p' "$dir/$name.log" | sed '1d;$d' >"$dir/$name.said"
    if grep -q ' us ' "$dir/$name.text"; then
        sed -i 's/[0-9][0-9]* us /N us /' "$dir/$name.text" "$dir/$name.said"
    fi
    diff "$dir/$name.text" "$dir/$name.said" >"$dir/$name.diff"
    result $? "$name: prints what README.md shows" "$dir/$name.diff"
done <"$dir/names"
[ "$(wc -l <"$dir/names")" = 2 ] && [ -s "$dir/urgent.text" ] && [ -s "$dir/squeeze.text" ]
result $? 'a scheduler and a pager were there' "$dir/names"
echo "1..$count"
