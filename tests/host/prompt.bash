# prompt.bash - for tests that type at the prompt of a machine with a disk, and look at what it says
# SPDX-License-Identifier: MIT
#
# Sourced with $dir set: an empty folder for logs and images.
tools=build/host
log=$dir/none
count=0
rm -rf "$dir" && mkdir -p "$dir"
touch "$log"

result() { # good? what
    count=$((count + 1))
    [ "$1" = 0 ] && echo "ok $count - $2" && return
    echo "not ok $count - $2"
    tail -n "${3:-12}" "$log" | sed 's/^/#   /'
}
# A boot in which each line of stdin is typed at the prompt; the console goes to $log, without the firmware's words.
# Instructions are the clock while there is work, so that the host's load ends nobody's slice; CLOCK= leaves it the host's.
boot() { # name, image, [killed: somebody may die], [status]
    log=$dir/$1.log
    DISK=$2 INITRD=${INITRD:-build/initrd.cpio} QEMU_ARGS="${CLOCK--icount shift=2} ${EMULATOR:-}" SMP=1 TIMEOUT=${TIMEOUT:-30} nice tests/type >"$log.whole" 2>&1
    local status=$?
    tr -d '\r\b' <"$log.whole" | sed -n '/^Aspis on /,$p' >"$log"
    [ "$status" = "${4:-0}" ] && ! grep -q "panic\|crashed${3:-\|died}" "$log"
    result $? "$1: up, and a good end" 30
}
# What the command printed, at its n-th time.
said() { # command, [n]
    awk -v wanted="aspis> $1$1" -v n="${2:-1}" '
        /^aspis> / { shows = 0; line = $0; sub(/\033\[K.*/, "", line); if (line == wanted && --n == 0) { shows = 1; next } }
        shows' "$log"
}
says() { # command, pattern of all that it prints, what, [n]
    local printed
    printed=$(said "$1" "${4:-1}")
    [[ $printed =~ ^$2$ ]]
    result $? "$3"
}
line() { # pattern, what: a line that init or a server printed
    grep -qE "^$1\$" "$log"
    result $? "$2: $(grep -m 1 -E "^$1\$" "$log")"
}
clean() { # image
    "$tools/fsck.logfs" --data "$1:root" >"$dir/fsck" 2>&1 && grep -q ': clean: ' "$dir/fsck"
    result $? "fsck: $(sed "s,$dir/,," "$dir/fsck" | head -n 1)"
}
poke() { # image, byte, text
    printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
