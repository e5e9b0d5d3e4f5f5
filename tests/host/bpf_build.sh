#!/usr/bin/env bash
# bpf_build.sh - C becomes a verified array by one make rule; what cannot be one is refused in clear words
# SPDX-License-Identifier: MIT
set -u
unset MAKEFLAGS MFLAGS MAKELEVEL T
dir=build/log/host/bpf_build
rm -rf "$dir"
mkdir -p "$dir/src"
count=0

result() { # good? what, log
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        sed 's/^/# /' "$3"
    fi
}

rule() { # name: the rule of mk/ebpf.mk, with our sources and a place of our own for what it makes
    make -s BPF_DIRS="tests/host/bpf userland/demos $dir/src" GEN="$dir" "$dir/$1.bpf.h" >"$dir/$1.log" 2>&1
}

makes() { # name
    rule "$1"
    result $? "$1.bpf.c becomes an array" "$dir/$1.log"
}

says() { # name, words; the source is on standard input
    local bad=0
    { echo '#include "libexos/edge/ebpf.h"'; cat; } >"$dir/src/$1.bpf.c"
    rule "$1" && bad=1
    [ ! -e "$dir/$1.bpf.h" ] || bad=1
    grep -qF -- "$2" "$dir/$1.log" || bad=1
    result $bad "$1: $2" "$dir/$1.log"
    rm "$dir/src/$1.bpf.c"
}

makes wake
makes extents
makes port
cc -std=gnu11 -Wall -Wextra -Werror -g -fsanitize=address,undefined -fno-sanitize-recover=all -I. -I"$dir" -o "$dir/runs" \
    -DEBPF_LOOPS tests/host/bpf/runs.c kernel/ebpf/run.c >"$dir/runs.log" 2>&1 && "$dir/runs" >>"$dir/runs.log" 2>&1
result $? 'the three do what their sources say' "$dir/runs.log"

says loop 'it jumps backward, which only owns may: unroll the loop' <<'C'
EXO_PROGRAM(wake) uint64_t loop(uint64_t a, uint64_t b, uint64_t c) {
    for (a = 0; b; b >>= 1)
        a += b * c;
    return a;
}
C
grep -q 'refused (wake): instruction [0-9]*: `if .* goto [0-9]*`: it' "$dir/loop.log"
result $? 'and names the profile, the instruction and its index' "$dir/loop.log"
says long 'wake at most 64' <<'C'
#define FOUR(x) x x x x
EXO_PROGRAM(wake) uint64_t long_one(uint64_t a, uint64_t b) {
    FOUR(FOUR(FOUR(a = a * b ^ 5;)))
    return a;
}
C
says helper 'call 1`: the profile has no such helper' <<'C'
EXO_PROGRAM(filter) uint64_t helper(uint64_t a, uint64_t b) { return exo_emit(a, b); }
C
says atomic 'there is no such instruction' <<'C'
EXO_PROGRAM(owns) uint64_t atomic(uint64_t *a, uint64_t b) { return __sync_fetch_and_add(a, b); }
C
says variable 'uses `seen`, which lies outside (.bss)' <<'C'
static uint64_t seen;
EXO_PROGRAM(wake) uint64_t variable(uint64_t a) { return a != __atomic_exchange_n(&seen, a, 0); }
C
says constant 'uses `constant.table`, which lies outside (.rodata' <<'C'
EXO_PROGRAM(wake) uint64_t constant(uint64_t a) {
    static const uint64_t table[8] = {3, 1, 4, 1, 5, 9, 2, 6};
    return table[a & 7];
}
C
says map 'uses the map `counts`: there are no maps' <<'C'
struct { uint64_t a[4]; } counts __attribute__((section(".maps"), used));
EXO_PROGRAM(wake) uint64_t map(uint64_t a) { return counts.a[a & 3]; }
C
says outside 'calls the function `other`: mark it inline' <<'C'
uint64_t other(uint64_t);
EXO_PROGRAM(wake) uint64_t outside(uint64_t a) { return other(a) + 1; }
C
says function 'must hold one function, and has' <<'C'
static __attribute__((noinline, section("wake"))) uint64_t part(uint64_t a) { return a * a + (a >> 3); }
EXO_PROGRAM(wake) uint64_t function(uint64_t a, uint64_t b) { return part(a) + part(b); }
C
says several 'several programs (owns, wake)' <<'C'
EXO_PROGRAM(owns) uint64_t first(uint64_t a) { return a; }
EXO_PROGRAM(wake) uint64_t second(uint64_t a) { return a; }
C
says profile 'section .text: a program'"'"'s section says its profile: wake, owns, filter' <<'C'
uint64_t profile(uint64_t a) { return a; }
C
says nothing 'no section holds code' <<'C'
C
scripts/bpf-array "$dir/several.bpf.o" second >"$dir/second.log" 2>&1 && grep -q second_count "$dir/second.log"
result $? 'of several programs one is taken by its name' "$dir/second.log"
! scripts/bpf-array "$dir/several.bpf.o" third >"$dir/third.log" 2>&1 && grep -qF 'no program third (sections with code: owns, wake)' "$dir/third.log"
result $? 'a name that is not there is told with those that are' "$dir/third.log"
! scripts/bpf-array "$dir/runs" >"$dir/alien.log" 2>&1 && grep -qF 'not an eBPF object' "$dir/alien.log"
result $? 'an object for another machine is refused' "$dir/alien.log"
printf '\377\0\0\0\0\0\0\0' | build/host/ebpf-check wake >"$dir/bytes.log" 2>&1
[ $? = 1 ] && grep -qxF 'instruction 0: `opcode 0xff`: there is no such instruction (no atomics, no packet loads)' "$dir/bytes.log"
result $? 'bytes that are no instruction' "$dir/bytes.log"
echo "1..$count"
