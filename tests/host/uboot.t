#!/usr/bin/env python3
# uboot - boots through U-Boot: virt's card by extlinux, booti and a FIT, virt by TFTP, the whole card of an Unleashed
# SPDX-License-Identifier: MIT
#
# What cannot be had here (QEMU's firmware package, mtools, a board's firmware, a QEMU whose SD card works) is skipped.
import os
import re
import select
import shutil
import subprocess
import sys
import time

DIR = "build/log/host/uboot"
UBOOT = "/usr/lib/u-boot/qemu-riscv64_smode/uboot.elf"
SIFIVE = "build/deps/u-boot-sifive"
SPL = SIFIVE + "/usr/lib/u-boot/sifive_unleashed/u-boot-spl.bin"
FAT = "@@8388608"
PROMPT = r"^(=>|StarFive #) $"
SECONDS = 60 * float(os.environ.get("PATIENCE", "1"))
count = 0


def result(good, what, said=""):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {what}")
    if not good:
        print("".join(f"#   {line}\n" for line in said.splitlines()[-12:]), end="")
    sys.stdout.flush()
    return good


def skip(what, why):
    global count
    count += 1
    print(f"ok {count} - {what} # SKIP {why}", flush=True)


class Machine:
    """An emulator whose console is read and typed on."""

    def __init__(self, name, *words):
        self.log = open(f"{DIR}/{name}.log", "wb")
        self.said = ""
        self.seen = 0
        self.end = time.monotonic() + SECONDS
        self.emulator = subprocess.Popen(
            ["qemu-system-riscv64", "-no-reboot", "-display", "none", "-monitor", "none",
             "-serial", "stdio", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.emulator.kill()
        self.emulator.wait()
        self.log.close()

    def read(self):
        """Some more of what it says; False at its end, or at the end of patience."""
        left = self.end - time.monotonic()
        if left <= 0 or not select.select([self.emulator.stdout], [], [], left)[0]:
            return False
        data = os.read(self.emulator.stdout.fileno(), 65536)
        self.log.write(data)
        self.said += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)

    def wait(self, pattern):
        """Until it says that, behind what was waited for last; whether it did."""
        while True:
            match = re.compile(pattern, re.M).search(self.said, self.seen)
            if match:
                self.seen = match.end()
                return True
            if not self.read():
                return False

    def type(self, *lines):
        """One command after another, each at a prompt."""
        for line in lines:
            self.emulator.stdin.write((line + "\n").encode())
            self.emulator.stdin.flush()
            if line is not lines[-1] and not self.wait(PROMPT):
                return

    def stop(self):
        """Ends the countdown."""
        return self.wait(r"Hit any key") and (self.type("") or self.wait(PROMPT))

    def leave(self, pattern=r"^exit status: 0$"):
        """Reads to its end; whether it ended well, and said that."""
        while self.read():
            pass
        try:
            good = self.emulator.wait(5) == 0
        except subprocess.TimeoutExpired:
            return False
        return good and re.search(pattern, self.said, re.M) is not None


def shell(*words, **env):
    done = subprocess.run(words, env={**os.environ, "IMAGE_DIR": DIR, **env}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        print(f"# {' '.join(words)}: {done.stdout[-300:]!r}")
    return done.returncode == 0


def virt(name, *words):
    return Machine(name, "-M", "virt", "-smp", "4", "-m", "512M",
                   "-global", "virtio-mmio.force-legacy=false", "-kernel", UBOOT, *words)


def drive(image):
    return ("-drive", f"file={image},format=raw,if=none,id=card", "-device",
            "virtio-blk-device,drive=card")


def by_extlinux():
    with virt("extlinux", *drive(f"{DIR}/aspis-virt.img")) as machine:
        good = machine.wait(r"^Found /extlinux/extlinux.conf") and machine.leave()
        # The files are the initrd's: the second disk, behind the card.
        good = good and re.search(r"^root +1 +16 .* files$", machine.said, re.M) \
            and re.search(r"^ +\d+ .*\bshell\b", machine.said, re.M)
        result(good, "virt: U-Boot finds extlinux.conf, and the root volume is the initrd's", machine.said)


def by_hand():
    with virt("booti", *drive(f"{DIR}/aspis-virt.img")) as machine:
        if machine.stop():
            machine.type("load virtio 0:3 ${kernel_addr_r} Image",
                         "load virtio 0:3 ${ramdisk_addr_r} root.img",
                         "booti ${kernel_addr_r} ${ramdisk_addr_r}:${filesize} ${fdtcontroladdr}")
        good = machine.wait(r"^aspis> ")
        machine.type("cat /etc/init.conf")
        good = good and machine.wait(r"^program console") and machine.wait(r"^aspis> ")
        machine.type("poweroff")
        result(good and machine.leave(r"^aspis> poweroff"), "virt: booti by hand, to a prompt that answers", machine.said)


def fit():
    with open(f"{DIR}/aspis.its", "w", encoding="utf-8") as source:
        source.write("""/dts-v1/;
/ {
    description = "Aspis";
    #address-cells = <1>;
    images {
        kernel {
            data = /incbin/("%s/build/kernel/Image");
            type = "kernel"; arch = "riscv"; os = "linux"; compression = "none";
            load = <0x80200000>; entry = <0x80200000>;
            hash { algo = "sha256"; };
        };
        root {
            data = /incbin/("virt/root.img");
            type = "ramdisk"; arch = "riscv"; os = "linux"; compression = "none";
            hash { algo = "sha256"; };
        };
    };
    configurations { default = "aspis"; aspis { kernel = "kernel"; ramdisk = "root"; }; };
};
""" % os.getcwd())
    if not shell("mkimage", "-f", f"{DIR}/aspis.its", f"{DIR}/aspis.itb"):
        result(False, "virt: a FIT is made")
        return
    with open(f"{DIR}/aspis.itb", "rb") as file:
        data = bytearray(file.read())
    with open("build/kernel/Image", "rb") as file:
        at = data.index(file.read())
    data[at + 4096] ^= 1
    with open(f"{DIR}/spoiled.itb", "wb") as file:
        file.write(data)
    shutil.copyfile(f"{DIR}/aspis-virt.img", f"{DIR}/fit.img")
    shell("mdel", "-i", f"{DIR}/fit.img{FAT}", "::root.img")
    for name in "aspis.itb", "spoiled.itb":
        shell("mcopy", "-i", f"{DIR}/fit.img{FAT}", f"{DIR}/{name}", "::")
    with virt("fit", *drive(f"{DIR}/fit.img")) as machine:
        if machine.stop():
            machine.type("load virtio 0:3 0x90000000 spoiled.itb", "bootm 0x90000000")
        result(machine.wait(r"Bad hash|Bad Data Hash") and machine.wait(PROMPT),
               "virt: a FIT with one bit changed is refused", machine.said)
        machine.type("setenv bootargs 'cmd=volume; poweroff'",
                     "load virtio 0:3 0x90000000 aspis.itb",
                     "bootm 0x90000000 0x90000000 ${fdtcontroladdr}")
        good = machine.wait(r"sha256\+ OK") and machine.wait(r"sha256\+ OK")
        result(good and machine.leave() and re.search(r"^root .* files$", machine.said, re.M),
               "virt: a FIT, its hashes checked, boots", machine.said)


def by_tftp():
    what = "virt: kernel and root volume come by TFTP"
    if not shell("scripts/tftp", "virt", CMD="volume; poweroff", TFTP_DIR=f"{DIR}/tftp"):
        result(False, what)
        return
    with virt("tftp", "-netdev", f"user,id=net0,tftp={DIR}/tftp/virt", "-device",
              "virtio-net-device,netdev=net0") as machine:
        if machine.wait(r"network backend 'user' is not compiled|Hit any key") and \
                "not compiled" in machine.said:
            skip(what, "this QEMU has no network of its own")
            return
        machine.type("")
        if machine.wait(PROMPT):
            machine.type("setenv autoload no; dhcp", "pxe get; pxe boot")
        result(machine.wait(r"^Starting kernel") and machine.leave() and
               re.search(r"^root .* files$", machine.said, re.M), what, machine.said)


def sifive(name, card, harts, *words):
    return Machine(name, "-M", "sifive_u,msel=11", "-smp", str(harts), "-m", "8G", "-bios", SPL,
                   "-drive", f"file={card},format=raw,if=sd", *words)


def to_prompt(machine):
    """Through SPL and U-Boot; whether our prompt came. 7.2 may find the card at the second try only."""
    seen = machine.seen
    machine.wait(r"Hit any key|mmc init failed|failed to boot")
    machine.type("")
    for _ in range(2):
        if "Hit any key" in machine.said[seen:] and "Found /extlinux" not in machine.said[seen:] and \
                machine.wait(PROMPT):
            machine.type("run bootcmd_mmc0")
            machine.wait(r"(?=^Found /extlinux)|(?=" + PROMPT + ")")
    return "Found /extlinux" in machine.said[seen:] and machine.wait(r"^aspis> ")


def unleashed():
    what = "unleashed: SPL, OpenSBI, U-Boot, kernel from the card, and the root volume on it"
    if not os.path.exists(SPL) and not shell("scripts/fetch-deps", "u-boot-sifive", SIFIVE):
        skip(what, "the firmware's package cannot be had here")
        return
    version = subprocess.run(["qemu-system-riscv64", "--version"], text=True, check=True,
                             stdout=subprocess.PIPE).stdout
    version = int(re.search(r"version (\d+)", version)[1])
    if 8 <= version <= 10:
        skip(what, f"the SD card of sifive_u does not work in QEMU {version}")
        return
    if not shell("scripts/image", "unleashed"):
        result(False, what)
        return
    card = f"{DIR}/aspis-unleashed.img"
    with sifive("unleashed", card, 5) as machine:
        good = to_prompt(machine)
        machine.type("volume")
        good = good and machine.wait(r"^root +1 +128 .* files$") and machine.wait(r"^aspis> ")
        machine.type("reboot")
        result(good and machine.leave(r"^aspis> reboot") and re.search(r"^hart 0 skipped", machine.said, re.M),
               what, machine.said)
    # One hart of ours is enough: who moves bytes through SPI keeps the emulator's one lock of devices so
    # busy that the others wait for it.
    with sifive("reset", card, 2, "-action", "reboot=reset") as machine:
        good = to_prompt(machine)
        machine.type("cp /bin/shell /kept; echo written > /note; reboot")
        good = good and machine.wait(r"^U-Boot SPL") and to_prompt(machine)
        machine.type("cat /note; ls /kept")
        size = os.path.getsize("build/root/bin/shell")
        result(good and machine.wait(r"^written") and machine.wait(rf"^ +{size} +/kept"),
               "unleashed: what was written to the card is there after a reset", machine.said)
    with open(card, "rb") as whole, open(f"{DIR}/p4", "wb") as part:
        whole.seek(72 << 20)
        part.write(whole.read(183 << 20))
    result(shell("build/host/fsck.logfs", "--data", f"{DIR}/p4:root"), "unleashed: and its file system is clean")


def main():
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    shutil.rmtree(DIR, ignore_errors=True)
    os.makedirs(DIR)
    missing = next((tool for tool in ("sgdisk", "mformat", "bmaptool", "xz") if not shutil.which(tool)), None)
    if missing:
        skip("boots through U-Boot", f"{missing} is not here")
    else:
        if not os.path.exists(UBOOT):
            skip("virt through U-Boot", "u-boot-qemu is not here")
        elif result(shell("scripts/image", "virt", CMD="ps; volume; poweroff"), "virt: a card"):
            by_extlinux()
            by_hand()
            if shutil.which("mkimage"):
                fit()
            else:
                skip("virt: a FIT", "mkimage (u-boot-tools) is not here")
            by_tftp()
        unleashed()
    print(f"1..{count}")


main()
