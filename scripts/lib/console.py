# console.py - a machine in the emulator whose console is read and typed on, and whose registers are looked at
# SPDX-License-Identifier: MIT
import os
import re
import select
import socket
import subprocess
import time

import machine


class Console:
    """A machine at work, as machine.Settings say; `directory` is for its monitor's socket."""

    def __init__(self, settings, directory, seconds):
        self.said = self.before = ""
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

    def wait(self, text):
        """Whether it says so in time; what it said till then is `before`."""
        end = time.monotonic() + self.seconds
        while text not in self.said and time.monotonic() < end:
            if select.select([self.emulator.stdout], [], [], 1)[0]:
                data = os.read(self.emulator.stdout.fileno(), 65536)
                if not data:
                    break
                self.said += data.decode("utf-8", "replace")
        found = text in self.said
        self.before, _, self.said = self.said.partition(text)
        return found

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
