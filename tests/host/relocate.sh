#!/usr/bin/env bash
# relocate.sh - boots the kernel at other addresses, and on machines with little or nothing to boot with
# SPDX-License-Identifier: MIT
#
# The image is linked for no physical address: it must reach the prompt from any page. Whatever it
# cannot live with it says in one line, and ends. One boot for each row below.
set -u
kernel=build/kernel/Image
elf=build/kernel/aspis.elf
cross=${CROSS:-riscv64-unknown-elf-}
dir=build/log/host/relocate
mkdir -p "$dir"
count=0
plan=12

result() { # good? what, log
    count=$((count + 1))
    if [ "$1" = 0 ]; then
        echo "ok $count - $2"
    else
        echo "not ok $count - $2"
        echo "# the last lines of $3:"
        tail -n 12 "$3" | sed 's/^/#   /'
    fi
}

# The console goes to $log, the emulator's exit code to $code. No boot that ends well takes long.
log=''
code=0
emulate() { # name, words for the emulator
    log=$dir/$1.log
    shift
    timeout "$((30 * ${PATIENCE:-1}))" qemu-system-riscv64 -M virt -no-reboot -display none -monitor none \
        -serial stdio -global virtio-mmio.force-legacy=false "$@" </dev/null >"$log" 2>&1
    code=$?
}

# To the prompt, `ps`, and a good end.
boots() { # name, address, words for the emulator
    local name=$1 address=$2 bad=0
    shift 2
    emulate "$name" -initrd build/initrd.cpio -append 'cmd=ps; poweroff' "$@"
    [ "$code" = 0 ] || bad=1
    grep -q "kernel at $address" "$log" || bad=1
    grep -qE '^ +[0-9]+ .*\bshell\b' "$log" || bad=1
    grep -q '^exit status: 0' "$log" || bad=1
    result $bad "$name: kernel at $address, to the prompt and a good end" "$log"
}

# One clear line, and the end; not silence, and no second panic.
says() { # name, line, words for the emulator
    local name=$1 line=$2 bad=0
    shift 2
    emulate "$name" "$@"
    [ "$code" != 124 ] || bad=1
    [ "$(grep -c 'panic:' "$log")" = 1 ] || bad=1
    grep -q "^panic: $line" "$log" || bad=1
    result $bad "$name: says '$line' and ends" "$log"
}

# The ELF file, to be loaded elsewhere.
moved() { # address
    local file=$dir/moved-$1.elf
    "${cross}objcopy" --change-section-lma "*+$(($1 - 0x80200000))" "$elf" "$file" 2>/dev/null
    echo "$file"
}

# A first stage that jumps to the kernel at 0x80600000 with another tree's address in a1.
first_stage() { # a1
    local file=$dir/first-$1
    printf 'li a1, %s\nli t0, 0x80600000\njr t0\n' "$1" |
        "${cross}gcc" -march=rv64imac -mabi=lp64 -nostdlib -Wl,-Ttext=0x80200000,-e0x80200000,--build-id=none \
            -x assembler -o "$file.elf" -
    "${cross}objcopy" -O binary "$file.elf" "$file"
    echo "$file"
}
behind=(-device "loader,file=$kernel,addr=0x80600000,force-raw=on")
tree=loader,addr=0x80400000,force-raw=on,file=


boots smp2 0x80200000 -kernel "$kernel" -smp 2 -m 128M
boots smp8 0x80200000 -kernel "$kernel" -smp 8 -m 128M
boots mem64 0x80200000 -kernel "$kernel" -smp 1 -m 64M
boots next-2MiB 0x80600000 -kernel "$(moved 0x80600000)" -smp 4 -m 128M
boots odd-page 0x80733000 -kernel "$(moved 0x80733000)" -smp 1 -m 128M
boots mem12 0x80200000 -kernel "$kernel" -smp 1 -m 12M
boots high 0x90200000 -kernel "$(moved 0x90200000)" -smp 1 -m 1G

says no-tree 'device tree: none given in a1' -kernel "$(first_stage 0)" -m 128M "${behind[@]}"
says not-a-tree 'device tree: none where the firmware points' \
    -kernel "$(first_stage 0x80400000)" -m 128M "${behind[@]}" -device "${tree}README.md"

# The emulator's own tree, with the first tag of its structure spoilt; the header says where that is.
corrupt=$dir/corrupt.dtb
qemu-system-riscv64 -M "virt,dumpdtb=$corrupt" -m 128M -display none >/dev/null 2>&1
at=$((16#$(od -An -tx1 -j8 -N4 "$corrupt" | tr -d ' ')))
printf '\377' | dd of="$corrupt" bs=1 seek="$at" conv=notrunc 2>/dev/null
says corrupt-tree 'device tree: corrupt' \
    -kernel "$(first_stage 0x80400000)" -m 128M "${behind[@]}" -device "$tree$corrupt"

# No room for the tables behind the kernel, and none for init: a tree that tells of less memory than there is (the
# emulator itself refuses to start with so little).
little() { # bytes of memory, from 0x80000000
    local file=$dir/little-$1.dtb
    qemu-system-riscv64 -M "virt,dumpdtb=$file.whole" -m 128M -display none >/dev/null 2>&1
    dtc -q -I dtb -O dts "$file.whole" |
        sed "s/reg = <0x0*0 0x80000000 0x0*0 0x8000000>/reg = <0x0 0x80000000 0x0 $1>/" |
        dtc -q -I dts -O dtb -o "$file" -
    echo "$file"
}
says no-tables 'too little memory: the kernel' \
    -kernel "$(first_stage 0x80400000)" -m 128M "${behind[@]}" -device "$tree$(little 0x638000)"
says no-init 'too little memory: init' \
    -kernel "$(first_stage 0x80400000)" -m 128M "${behind[@]}" -device "$tree$(little 0x668000)"
echo "1..$plan"
