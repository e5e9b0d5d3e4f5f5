# machine.py - how the emulator is started and how a guest's run is judged
# SPDX-License-Identifier: MIT
"""Settings come from the environment: BOARD, SMP, MEM (as in `make help`), and

  KERNEL, INITRD   other images than build/kernel/Image and build/initrd.cpio
  BOOTARGS         words put before the ones made here
  DISK             an image file for virtio-blk; on sifive_u that of an SD card
  QEMU_ARGS        further words for the emulator
  TIMEOUT          seconds
"""
import os
import re
import select
import shlex
import subprocess
import sys
import time

EMULATOR = "qemu-system-riscv64"
BOARDS = ("virt", "sifive_u")
EXIT_STATUS = re.compile(r"^exit status: (-?\d+)\s*$")
PANIC = re.compile(r"^panic:")
TIMED_OUT = 124
PROMPT = b"aspis> "


class Wrong(Exception):
    """A setting that cannot be; the message says what is wrong and how to mend it."""


class Settings:
    def __init__(self, env=os.environ, **fixed):
        def get(name, default):
            return fixed.get(name) or env.get(name) or default

        self.board = get("BOARD", "virt")
        self.mem = str(get("MEM", "128M"))
        smp = str(get("SMP", "4"))
        if self.board not in BOARDS:
            raise Wrong(f"BOARD={self.board} is not known: say BOARD={' or BOARD='.join(BOARDS)}")
        most = 4 if self.board == "sifive_u" else 8
        if not smp.isdigit() or not 1 <= int(smp) <= most:
            raise Wrong(f"SMP={smp} is not a hart count of {self.board}: say SMP=1 to SMP={most}")
        self.smp = int(smp)
        match = re.fullmatch(r"(\d+)([MG])", self.mem)
        megabytes = int(match[1]) * (1024 if match[2] == "G" else 1) if match else 0
        least, ceiling = (128, 8192) if self.board == "sifive_u" else (32, 65536)
        if not least <= megabytes <= ceiling:
            raise Wrong(f"MEM={self.mem} is not a memory size of {self.board}: "
                        f"say MEM={least}M to MEM={ceiling // 1024}G")
        self.kernel = get("KERNEL", "build/kernel/Image")
        self.initrd = get("INITRD", "build/initrd.cpio")
        self.bootargs = get("BOOTARGS", "")
        self.disk = get("DISK", "")
        self.icount = fixed.get("icount", False)
        self.waits = fixed.get("waits", False)  # with icount: who waits for the host does not jump to the next alarm
        self.more = shlex.split(get("QEMU_ARGS", ""))


def new_disk(path, words):
    """Makes the disk that a source's comment `/* disk: 64M,... */` asks for; what `disk` of settings
    says of it. Behind the size: options of the emulator's drive, and fail=read, fail=write or
    fail=flush, of all such requests or, as fail=read@SECTOR, of those that reach a sector; with
    *COUNT behind it (read, write), of the first so many after the disk's first flush."""
    size, *options = words.split(",")
    failing = [option[5:] for option in options if option.startswith("fail=")]
    options = [option for option in options if not option.startswith("fail=")]
    number = 0
    for what in failing:
        what, _, count = what.partition("*")
        kind, _, sector = what.partition("@")
        for _ in range(int(count or 1)):
            rule = f"file.inject-error.{number}"
            options += [f"{rule}.event={kind}_aio" if count else f"{rule}.event=none"]
            options += [f"{rule}.iotype={kind}"]
            options += [f"{rule}.sector={sector}"] if sector else []
            options += [f"{rule}.state=2", f"{rule}.once=on"] if count else []
            number += 1
    if any("*" in what for what in failing):
        rule = "file.set-state.0"
        options += [f"{rule}.event=flush_to_os", f"{rule}.state=1", f"{rule}.new_state=2"]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.truncate(int(size.rstrip("M")) << 20)
    return ",".join([f"blkdebug::{path}" if failing else path] + options)


def command(settings, bootargs=""):
    """The emulator's command line, without the choice of console."""
    # Hart 0 of sifive_u is the small monitor core: it is there, and not ours.
    harts = settings.smp + 1 if settings.board == "sifive_u" else settings.smp
    words = [EMULATOR, "-M", settings.board, "-smp", str(harts), "-m", settings.mem, "-no-reboot",
             "-kernel", settings.kernel, "-initrd", settings.initrd]
    arguments = " ".join(part for part in (settings.bootargs, bootargs) if part)
    if arguments:
        words += ["-append", arguments]
    if settings.board == "virt":
        words += ["-global", "virtio-mmio.force-legacy=false"]
    if settings.icount:
        words += ["-icount", f"shift=0,sleep={'on' if settings.waits else 'off'}"]
    if settings.disk and settings.board == "sifive_u":
        words += ["-drive", f"file={settings.disk},format=raw,if=sd"]
    elif settings.disk:
        words += ["-drive", f"file={settings.disk},format=raw,if=none,id=disk0",
                  "-device", "virtio-blk-device,drive=disk0"]
    return words + settings.more


class Run:
    """What became of a guest: its lines, and why it ended."""

    def __init__(self):
        self.lines = []
        self.status = None      # what the guest printed last
        self.panic = None       # the line, if the kernel panicked
        self.timed_out = False
        self.emulator = None    # the emulator's own exit code

    def verdict(self):
        """The exit code: the printed line first, then the emulator's word, then the time-out."""
        if self.panic:
            return 1
        if self.status is not None:
            return self.status & 255
        if self.timed_out:
            return TIMED_OUT
        return self.emulator if self.emulator >= 0 else 1


def run(settings, bootargs, timeout, show=None, typed=()):
    """Runs a guest to its end; show(bytes) sees the console live. It gets no input, or a line of
    `typed` at each prompt."""
    result = Run()
    words = command(settings, bootargs) + ["-display", "none", "-monitor", "none",
                                           "-serial", "stdio"]
    typed = list(typed)
    emulator = subprocess.Popen(words, stdin=subprocess.PIPE if typed else subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + timeout
    ended = False
    rest = prompt = b""

    def take(line):
        nonlocal deadline, ended
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        result.lines.append(text)
        match = EXIT_STATUS.match(text)
        if match:
            result.status = int(match[1])
        elif PANIC.match(text):
            result.panic = text
        else:
            return
        # It said how it ended; it has a moment to power off.
        deadline = min(deadline, time.monotonic() + 3)
        ended = True

    try:
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                result.timed_out = not ended
                break
            if not select.select([emulator.stdout], [], [], left)[0]:
                continue
            data = os.read(emulator.stdout.fileno(), 65536)
            if not data:
                break
            if show:
                show(data)
            prompt += data
            if typed and PROMPT in prompt:
                prompt = prompt.split(PROMPT)[-1]
                os.write(emulator.stdin.fileno(), typed.pop(0).encode() + b"\n")
            *whole, rest = (rest + data).split(b"\n")
            for line in whole:
                take(line)
        if rest:
            take(rest)
    finally:
        if emulator.poll() is None:
            try:
                emulator.wait(0 if result.timed_out or ended else 3)
            except subprocess.TimeoutExpired:
                emulator.kill()
        result.emulator = emulator.wait()
    return result


def show_live(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
