#!/usr/bin/env bash
# volume_hostile.sh - a holder of a volume that lies to init's gate gets nothing of others', and changes no byte of theirs
# SPDX-License-Identifier: MIT
set -u
dir=build/log/host/volume_hostile
. tests/host/prompt.bash
export INITRD=build/initrd-tests.cpio

disk=$dir/disk
"$tools/mkdisk.aspis" "$disk" 16M --uuid 0123456789abcdef0123456789abcdef victim=4M other=3M
result $? 'a disk'
# All that volumes have is something that can be told from what a villain writes.
seq 1 1200000 | head -c 7M | dd of="$disk" bs=1M seek=1 conv=notrunc status=none
boot before "$disk" <<'END'
volume make small 0
volume
poweroff
END
says 'volume make small 0' '' 'a volume for the villain'
cp "$disk" "$dir/was"

boot villain "$disk" <<'END'
run -v small test/served/villain
volume
run wake
poweroff
END
said 'run -v small test/served/villain' >"$dir/tap"
while read -r verdict; do
    ! [[ $verdict == not* ]]
    result $? "${verdict#* - }" 40
done < <(grep -E '^(not )?ok' "$dir/tap")
[ "$(grep -cE '^ok' "$dir/tap")" = "$(sed -n 's/^1\.\.//p' "$dir/tap")" ]
result $? 'all was tried'
said volume | grep -qE '^victim +0 +4 ' && said volume | grep -qE '^other +0 +3 ' && said volume | grep -qE '^small +0 +0 '
result $? 'volumes are as they were'
said 'run wake' | grep -q 'the word is 500'
result $? 'the machine serves on'
# Volume 3's own are blocks 26 to 28; 16 and 17 tell that it ended, and is there anew.
python3 - "$disk" "$dir/was" <<'END'
import sys

now, was = (open(path, "rb").read() for path in sys.argv[1:])
changed = {at // 4096 for at in range(0, len(was), 512) if now[at:at + 512] != was[at:at + 512]}
print("# blocks that changed:", *sorted(changed))
sys.exit(len(now) != len(was) or not changed or not changed <= {16, 17, 26, 27, 28})
END
result $? 'no byte of the others has changed'
boot after "$disk" <<<$'volume\npoweroff'
said volume | grep -qE '^victim +0 +4 ' && ! grep -q 'set aside' "$log"
result $? 'after a boot all are there'
echo "1..$count"
