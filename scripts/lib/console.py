# console.py - a machine in the emulator whose console is read and typed on, and whose registers are looked at
# SPDX-License-Identifier: MIT
import os
import re
import select
import socket
import subprocess
import time

import machine


# What init says comes in one piece, but in the middle, perhaps, of what the console writes.
OF_INIT = re.compile(r"init: [^\n]*(?:\n|$)")


class Console:
    """A machine at work, as machine.Settings say; `directory` is for its monitor's socket."""

    def __init__(self, settings, directory, seconds):
        self.said = self.before = ""
        self.seen = 0
        self.seconds = seconds
        self.path = f"{directory}/monitor"
        self.monitor = None
        if os.path.exists(self.path):
            os.unlink(self.path)
        self.emulator = subprocess.Popen(
            machine.command(settings) + ["-display", "none", "-serial", "stdio",
                                         "-monitor", f"unix:{self.path},server,nowait"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.emulator.terminate()
        try:
            self.emulator.wait(5)
        except subprocess.TimeoutExpired:
            self.emulator.kill()
            self.emulator.wait()

    def comes(self, there):
        """Whether there() is true in time."""
        end = time.monotonic() + self.seconds
        while not there() and time.monotonic() < end:
            if select.select([self.emulator.stdout], [], [], 1)[0]:
                data = os.read(self.emulator.stdout.fileno(), 65536)
                if not data:
                    break
                self.said += data.decode("utf-8", "replace").replace("\r", "")
        return there()

    def wait(self, text):
        """Whether the console says so in time, after what was waited for before; `before` is what came
        between the two. Lines of init are no part of it."""
        found = self.comes(lambda: text in OF_INIT.sub("", self.said)[self.seen:])
        self.before, text, _ = OF_INIT.sub("", self.said)[self.seen:].partition(text)
        self.seen += len(self.before) + len(text)
        return found

    def init_said(self):
        """Init's lines, since the boot."""
        return [line[:-1] for line in OF_INIT.findall(self.said) if line.endswith("\n")]

    def init_says(self, line):
        """Whether init says this line in time, or has said it."""
        return self.comes(lambda: line in self.init_said())

    def type(self, line):
        self.emulator.stdin.write(line.encode() + b"\n")
        self.emulator.stdin.flush()

    def word(self, address):
        """What stands at a physical address, or what a device there answers."""
        if not self.monitor:
            self.monitor = socket.socket(socket.AF_UNIX)
            self.monitor.settimeout(self.seconds)
            self.monitor.connect(self.path)
        self.monitor.sendall(f"xp /1wx {address:#x}\n".encode())
        answer = ""
        while not (match := re.search(rf"{address:016x}: 0x([0-9a-f]+)", answer)):
            answer += self.monitor.recv(4096).decode()
        return int(match[1], 16)
