#!/usr/bin/env python3
# trusted - a device that reaches all memory goes only to a program that init.conf calls `trusted`, which is said at boot
# SPDX-License-Identifier: MIT
import os
import subprocess
import sys

sys.path.insert(0, "scripts/lib")
import machine  # noqa: E402
from console import Console  # noqa: E402

DIR = "build/log/host/trusted"
SECONDS = 60 * float(os.environ.get("PATIENCE") or 1)
EXTRA = """program extra
    path bin/blink
    frames 96
    holds 24
    vspaces 1
    environments 1
    slot-limit 2
    lines 1
    slots 1 on 0
    restart never
"""
REFUSED = ("init: extra is not `trusted`: it does not get ethernet@10090000 (sifive,fu540-c000-gem), "
           "which reaches all memory")
NAMED = "init: extra is trusted with all memory, by ethernet@10090000"
ENDED = "init: extra ended with status 2"
os.makedirs(DIR, exist_ok=True)
count = 0


def result(good, what, said):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {what}")
    if not good:
        print("".join(f"#   {line}\n" for line in said.splitlines()[-12:]), end="")
    sys.stdout.flush()


def boot(name, *lines, runs):
    """A boot with one more program, with these lines in its block: blink, which is not told of any
    pins and ends, if it `runs` at all. What all said, what init said of trust, and whether it ran."""
    with open("userland/etc/init.conf") as file:
        console, _, rest = file.read().partition("program sd")
    with open(f"{DIR}/{name}.conf", "w") as file:
        file.write(console + EXTRA + "".join(f"    {line}\n" for line in lines) + "program shell" +
                   rest.partition("program shell")[2])
    subprocess.run(["scripts/mkinitrd", f"{DIR}/{name}.cpio", f"etc/init.conf={DIR}/{name}.conf"] +
                   [f"bin/{program}=build/root/bin/{program}" for program in ("console", "blink", "shell")], check=True)
    with Console(machine.Settings({}, BOARD="sifive_u", SMP="1", INITRD=f"{DIR}/{name}.cpio"), DIR, SECONDS) as guest:
        # Init starts them in this order, so at the prompt it has said all but how the program ended.
        up = guest.wait("aspis> ")
        trust = [line for line in guest.init_said() if "trusted" in line]
        ran = up and runs and guest.init_says(ENDED)
        guest.type("ps")
        good = up and guest.wait("shell") and guest.wait("aspis> ")
        ran = ran or " extra " in guest.before or ENDED in guest.init_said()
    result(good, f"{name}: up, and the shell answers", guest.said)
    return guest.said, trust, ran


said, trust, ran = boot("refused", "device ethernet@10090000", runs=False)
result(trust == [REFUSED] and not ran, "who is not trusted does not start, and one line says why", said)
said, trust, ran = boot("second", "device gpio@10060000", "device ethernet@10090000", runs=False)
result(trust == [REFUSED] and not ran, "nor by its second device", said)
said, trust, ran = boot("trusted", "device ethernet@10090000", "trusted", runs=True)
result(trust == [NAMED] and ran, "who is trusted is named, once, and starts", said)
said, trust, ran = boot("harmless", "device gpio@10060000", "trusted", runs=True)
result(trust == [] and ran, "a device that reaches no memory makes nobody be named", said)
said, trust, ran = boot("absent", "device nothing@1", "trusted", runs=False)
result(trust == [] and not ran, "nor does one that is not there", said)
print(f"1..{count}")
