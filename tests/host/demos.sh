#!/usr/bin/env bash
# demos.sh - every demonstration, and pulse, run at the prompt to a good end and say what they show
# SPDX-License-Identifier: MIT
#
# Time is counted instructions. The shell stops at the first that fails.
set -u
log=build/log/host/demos.log
mkdir -p build/log/host
# name, and a line that only a whole run prints
demos=(
    'bindings|^Notifying process 1 about revocation of resource 104$'
    'blocks|^Notifying process 1 about revocation of resource 509$'
    'keep|^first one$'
    'pager|^32 faults for 32 pages touched twice; every frame has the colour of its page$'
    'gate|^100000 calls there and back, sum [0-9]*, all right$'
    'revoke|still asked for: 0$'
    'abort|^refuser: touching the lost page faulted$'
    'hoard|^hoard: of 64 frames it gave 0, lost 0 to force and took 0 again$'
    'hog|the kernel ended it after at least [0-9]* overruns$'
    'stride|^furthest from ideal: [0-4]\.[0-9] points$'
    'wake|^woken: the word is 500$'
    'watch|^binding it for writing: EXO_E_HOLD$'
    'barrier|^each of [1-9][0-9]* old objects points where it should$'
    'persist|^worker: all is as in commit 5$'
    'pulse|^pulse: .* missed 0, .* damaged 0$'
)
words=''
for demo in "${demos[@]}"; do
    case ${demo%%|*} in
    blocks | keep) ;; # below
    *) words+="run ${demo%%|*}; " ;;
    esac
done
TIMEOUT=$((180 * ${PATIENCE:-1}))
export TIMEOUT SMP=1
QEMU_ARGS='-icount shift=2,sleep=off' CMD="${words}poweroff" scripts/run >"$log" 2>&1
code=$?
# Those with a disk: there time must not jump while the host works.
words='volume make units 0; run -v units blocks; volume make kept 0; run -v kept keep make keeps; '
words+='run -v kept keep put a first one; run -v kept keep put a second; run -v kept keep get a 1; run -v kept keep check; '
disk=build/log/host/demos.img
rm -f "$disk"
scripts/disk "$disk" build/initrd.cpio build/tree
DISK=$disk QEMU_ARGS='-icount shift=2' CMD="${words}poweroff" scripts/run >>"$log" 2>&1
code=$((code + $?))
sed -i 's/\r$//' "$log"

count=0
result() { # good? what
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        tail -n 12 "$log" | sed 's/^/# /'
    fi
}
for demo in "${demos[@]}"; do
    grep -q "${demo#*|}" "$log"
    result $? "${demo%%|*} says what it shows"
done
[ "$code" = 0 ] && grep -q '^exit status: 0' "$log"
result $? 'each ended with status 0'
# A new demonstration is run here, too.
missing=0
for file in userland/demos/*.c; do
    name=$(basename "$file" .c)
    case $name in *.bpf) continue ;; esac
    printf '%s\n' "${demos[@]}" | grep -q "^$name|" || { echo "# $name is not in the list"; missing=1; }
done
result $missing 'none is left out'
echo "1..$count"
