#!/usr/bin/env python3
# blink - `start leds` and `start pins` on sifive_u: the emulator tells which levels the pins had, one after the other
# SPDX-License-Identifier: MIT
import os
import re
import sys

sys.path.insert(0, "scripts/lib")
import machine  # noqa: E402
from console import Console  # noqa: E402

DIR = "build/log/host/blink"
SECONDS = 60 * float(os.environ.get("PATIENCE") or 1)
ROUNDS, DIM = 2, 0x1F1F
os.makedirs(DIR, exist_ok=True)
count = 0


def result(good, what, said=()):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {what}")
    if not good:
        print("".join(f"#   {line}\n" for line in said), end="")
    sys.stdout.flush()


def runs(guest, name, what):
    guest.type(f"start {name}")
    result(guest.init_says(f"init: {name} ended with status 0"), what, guest.said.splitlines()[-8:])


settings = machine.Settings({}, BOARD="sifive_u", SMP="1",
                            QEMU_ARGS=f"-trace sifive_gpio_write -trace sifive_pwm_write -D {DIR}/trace")
with Console(settings, DIR, SECONDS) as guest:
    if not guest.wait("aspis> "):
        result(False, "sifive_u comes to a prompt", guest.before.splitlines()[-8:])
    runs(guest, "pins", "a pin of the GPIO reads as it was written")
    runs(guest, "leds", "so do the channels of the PWM")
    counts = [guest.word(0x10020008) for _ in range(2)]
    result(counts[1] > counts[0], "the PWM counts", [str(counts)])
    result(guest.word(0x10060008) == 1 << 3, "pin 3 is the only output")
    guest.type("start header")
    result(guest.init_says("init: header: this machine has no device pinctrl@13040000"),
           "what another board has is missed by name")

with open(f"{DIR}/trace") as file:
    trace = file.read()
gpio = [(int(at, 16), int(value, 16)) for at, value in re.findall(r"sifive_gpio_write offset (\S+) value (\S+)", trace)]
level, enabled, pin = 0, 0, []
for at, value in gpio:
    level = value if at == 0x0C else level
    enabled = value if at == 0x08 else enabled
    if enabled and (not pin or pin[-1] != level):
        pin.append(level)
result(pin == [0] + ROUNDS * [8, 0], "the pin was low, then up and down twice", map(str, pin))
pwm = [(int(at, 16), int(value, 16)) for value, at in re.findall(r"sifive_pwm_write Write (\S+) at address: (\S+)", trace)]
lights = [((at - 0x20) // 4, value) for at, value in pwm if at >= 0x20]
result((0, 0x1006) in pwm and lights == [(i, 0) for i in range(4)] +
       ROUNDS * [(i, level) for i in range(4) for level in (0xFFFF, DIM, 0)],
       "a light ran along four channels twice", map(str, lights))
print(f"1..{count}")
