# aspis.py - gdb commands that show Aspis's own tables: exo envs, holds, slots, trace, symbols
# SPDX-License-Identifier: MIT
import glob
import os
import struct

import gdb

PAGE, IMAGE, DIRECT = 4096, 0xffffffffc0000000, 0xffffffc000000000


class Memory:
    """The kernel's memory, also while a hart runs user code: addresses are translated here, through
    the page tables that satp names, and the emulator is asked for physical memory."""

    def __init__(self):
        satp = int(gdb.parse_and_eval("(unsigned long)$satp"))
        if satp >> 60 != 8:
            raise gdb.GdbError("the kernel has no page tables yet: let it boot (`continue`, Ctrl-C)")
        self.root = (satp & (1 << 44) - 1) * PAGE
        self.known = {}

    def __enter__(self):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:1", to_string=True)
        return self

    def __exit__(self, *ignored):
        gdb.execute("maintenance packet Qqemu.PhyMemMode:0", to_string=True)

    def physical(self, address):
        """Where an address stands, by Sv39: a gigapage, megapage or page."""
        if address >> 12 in self.known:
            return self.known[address >> 12] + address % PAGE
        table = self.root
        for level in (2, 1, 0):
            size = PAGE << 9 * level
            entry = table + (address // size & 511) * 8
            page, = struct.unpack("<Q", gdb.selected_inferior().read_memory(entry, 8).tobytes())
            if not page & 1:
                break
            table = (page >> 10 & (1 << 44) - 1) * PAGE
            if page & 0xe:
                found = table + address % size
                self.known[address >> 12] = found - found % PAGE
                return found
        raise gdb.GdbError(f"the kernel maps nothing at {address:#x}")

    def bytes(self, address, size):
        found = bytearray()
        while size:
            # The direct map is made of gigapages; all else may change at each page.
            whole = 1 << 20 if DIRECT <= address < IMAGE else PAGE
            part = min(size, whole - address % whole)
            found += gdb.selected_inferior().read_memory(self.physical(address), part).tobytes()
            address, size = address + part, size - part
        return bytes(found)

    def value(self, address, kind, count=None):
        """A structure, or `count` of them, as a gdb value."""
        kind = gdb.lookup_type(kind)
        if count is not None:
            kind = kind.array(count - 1)
        return gdb.Value(self.bytes(address, kind.sizeof), kind)

    def variable(self, path, name):
        """A variable of the kernel's; programs may have others of that name."""
        place = gdb.parse_and_eval(f"&'{path}'::{name}")
        target = place.type.target()
        return gdb.Value(self.bytes(int(place), target.sizeof), target)

    def facts(self):
        return self.variable("kernel/base/trace.c", "facts")

    def table(self, path, name, kind, count):
        address = int(self.variable(path, name))
        if not address or not count:
            raise gdb.GdbError("the kernel's tables are not there yet: let it boot")
        return self.value(address, kind, count)


def names_of(enum, prefix):
    """The names of an enum's values, in small letters."""
    return {field.enumval: field.name[len(prefix):].lower().replace("_", " ")
            for field in gdb.lookup_type(enum).fields()}


def rights_of(bits):
    return "".join(letter if bits >> i & 1 else "-" for i, letter in enumerate("rwx"))


def live():
    """Who runs now: the address of the private half, and the pc that its hart is at. User code
    leaves it in sscratch, the kernel in gp."""
    here, found = gdb.selected_thread(), {}
    for thread in gdb.selected_inferior().threads():
        thread.switch()
        word = {name: int(gdb.parse_and_eval(f"(unsigned long)${name}"))
                for name in ("gp", "sscratch", "pc")}
        found[word["gp" if word["pc"] >= DIRECT else "sscratch"]] = word["pc"]
    here.switch()
    return found


class Exo(gdb.Command):
    """Aspis's own commands: exo envs, exo holds [FRAME | domain N], exo slots, exo trace [COUNT],
exo symbols PROGRAM."""

    def __init__(self):
        super().__init__("exo", gdb.COMMAND_USER, prefix=True)

    def invoke(self, argument, from_tty):
        print(self.__doc__)


class Symbols(gdb.Command):
    """exo symbols PROGRAM: load the symbols of a program (all lie at the same address)."""

    def __init__(self):
        super().__init__("exo symbols", gdb.COMMAND_FILES)

    def programs(self):
        return {os.path.basename(path): path for path in glob.glob("build/user/*/*")
                + glob.glob("build/user/test/guest/*")
                if os.path.isfile(path) and not path.endswith((".o", ".d", ".a"))}

    def invoke(self, argument, from_tty):
        path = self.programs().get(argument)
        if not path:
            raise gdb.GdbError("no such program; there are: " + " ".join(sorted(self.programs())))
        gdb.execute(f"add-symbol-file {path}")

    def complete(self, text, word):
        return [name for name in sorted(self.programs()) if name.startswith(word)]


class Envs(gdb.Command):
    """exo envs: the environments, one a line. `pc` is where it goes on, or, if it runs, where it is;
`ran` is the time of its slots that are over."""

    def __init__(self):
        super().__init__("exo envs", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        states = names_of("enum exo_env_state", "EXO_ENV_")
        running = live()
        with Memory() as memory:
            facts = memory.facts()
            table = memory.table("kernel/env/env.c", "env_table", "struct exo_env",
                                 int(facts["env_table"]["count"]))
            print(f"{'slot':>4} {'handle':>8} {'state':10} {'domain':>6} {'hart':>4} {'pc':>18}"
                  f" {'ran':>9}")
            for slot in range(int(facts["env_table"]["count"])):
                entry = table[slot]
                word = int(entry["state_word"])
                state = states.get(word & 255, "?")
                if state == "free":
                    continue
                private = int(entry["kernel"])
                pc = running.get(private) if state == "running" else None
                if pc is None:
                    pc, = struct.unpack("<Q", memory.bytes(private, 8))
                ran = int(entry["runtime"]) * 1000 / max(1, int(facts["timebase"]))
                print(f"{slot:4} {(word >> 16) << 16 | slot:#8x} {state:10} {int(entry['domain']):6}"
                      f" {word >> 8 & 255:4} {pc & ~1:#18x} {ran:6.0f} ms"
                      f"{'  dying' if int(entry['dying']) else ''}")


class Holds(gdb.Command):
    """exo holds: what each domain holds, with its limits. exo holds FRAME: who holds that frame.
exo holds domain N: the frames that domain N holds."""

    def __init__(self):
        super().__init__("exo holds", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        words = argument.split()
        if len(words) > 2 or (len(words) == 2 and words[0] != "domain") or words == ["domain"]:
            raise gdb.GdbError("usage: exo holds [FRAME | domain N]")
        number = int(gdb.parse_and_eval(words[-1])) if words else 0
        with Memory() as memory:
            self.memory, self.facts = memory, memory.facts()
            self.kinds = names_of("enum exo_frame_kind", "EXO_FRAME_")
            if not words:
                self.summary()
            elif len(words) == 1:
                self.frame(number)
            else:
                self.domain(number)

    def count(self, table):
        return int(self.facts[table]["count"])

    def summary(self):
        resources = names_of("enum exo_resource", "EXO_")
        resources = [resources[i] for i in range(6)]
        table = self.memory.table("kernel/env/domain.c", "domain_table", "struct exo_domain",
                                  self.count("domain_table"))
        print("used/limit".ljust(14) + "".join(f"{name:>14}" for name in resources))
        for slot in range(self.count("domain_table")):
            entry = table[slot]
            if int(entry["depth"]):
                print(f"domain {slot:<7}" + "".join(
                    f"{int(entry['used'][i])}/{int(entry['limit'][i])}".rjust(14) for i in range(6)))

    def every(self, chosen):
        """(frame, domain, rights, uses, doomed, first?) of the holds that are chosen."""
        frames = self.memory.table("kernel/bind/frame.c", "frame_table", "struct exo_frame",
                                   self.count("frame_table"))
        raw = self.memory.bytes(int(self.memory.variable("kernel/bind/frame.c", "frame_table")),
                                frames.type.sizeof)
        size = frames.type.target().sizeof
        for number in range(self.count("frame_table")):
            # Most entries are of no interest: the domain stands first.
            domain, = struct.unpack_from("<H", raw, number * size)
            if domain and chosen(number, domain):
                entry = frames[number]
                yield (number, domain, int(entry["rights"]), int(entry["uses"]),
                       int(entry["doomed"]), self.kinds.get(int(entry["kind"]), "?"))
        holds = self.memory.table("kernel/bind/frame.c", "hold_table", "struct exo_hold",
                                  self.count("hold_table"))
        raw = self.memory.bytes(int(self.memory.variable("kernel/bind/frame.c", "hold_table")),
                                holds.type.sizeof)
        size = holds.type.target().sizeof
        for slot in range(1, self.count("hold_table")):
            if not any(raw[slot * size + 12:slot * size + 14]):
                continue
            hold = holds[slot]
            if int(hold["domain"]) and chosen(int(hold["frame"]), int(hold["domain"])):
                yield (int(hold["frame"]), int(hold["domain"]), int(hold["rights"]),
                       int(hold["uses"]), int(hold["doomed"]), "shared")

    def frame(self, number):
        if not 0 <= number < self.count("frame_table"):
            raise gdb.GdbError(f"there are frames 0 to {self.count('frame_table') - 1}")
        frames = self.memory.table("kernel/bind/frame.c", "frame_table", "struct exo_frame",
                                   self.count("frame_table"))
        entry = frames[number]
        kind = self.kinds.get(int(entry["kind"]), "?")
        where = ""
        if number < int(self.facts["frames"]):
            where = f" at {(int(self.facts['memory_frame']) + number) * PAGE:#x}"
        for i in range(64):
            window = self.facts["window"][i]
            inside = number - int(window["frame"])
            if int(window["frame"]) and 0 <= inside < int(window["pages"]):
                where = f" at {(int(window['page']) + inside) * PAGE:#x}"
        print(f"frame {number}{where}: {kind}"
              + ("" if kind == "free" else f", write-execute balance {int(entry['wx'])}"))
        for _, domain, rights, uses, doomed, _ in self.every(lambda one, _: one == number):
            print(f"  domain {domain}: {rights_of(rights)}, {uses} uses"
                  f"{', doomed' if doomed else ''}")

    def domain(self, number):
        # Neighbours that are alike stand in one line.
        runs = []
        for hold in self.every(lambda _, domain: domain == number):
            if runs and runs[-1][1] == hold[0] - 1 and runs[-1][2:] == list(hold[2:]):
                runs[-1][1] = hold[0]
            else:
                runs.append([hold[0], *hold[0:1], *hold[2:]])
        for first, last, rights, uses, doomed, kind in runs:
            print(f"{first if first == last else f'{first}-{last}':>15} {rights_of(rights)}"
                  f" {uses:4} uses  {kind}{'  doomed' if doomed else ''}")


class Slots(gdb.Command):
    """exo slots: each hart's slots of time, by position: the slot of the environment that each is
bound to, `.` for a free one; `<` marks the position that the hart is at."""

    def __init__(self):
        super().__init__("exo slots", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        with Memory() as memory:
            harts = int(memory.facts()["harts"])
            table = memory.variable("kernel/bind/slice.c", "hart_table")
            for index in range(harts):
                hart = table[index]
                if not int(hart["slots"]):
                    raise gdb.GdbError("the kernel's tables are not there yet: let it boot")
                slots = memory.value(int(hart["slots"]), "struct exo_slot", 64)
                print(f"hart {index} (id {int(hart['id'])})"
                      f"{', asleep' if int(hart['sleeping']) else ''}")
                for row in range(0, 64, 16):
                    print("".join(
                        (f"{int(slots[i]['env'])}" if int(slots[i]["domain"]) else ".").rjust(4)
                        + ("<" if i == int(hart["position"]) else " ")
                        for i in range(row, row + 16)))


class Trace(gdb.Command):
    """exo trace [COUNT]: the last COUNT (20) events of the kernel's trace ring."""

    def __init__(self):
        super().__init__("exo trace", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        events = names_of("enum exo_trace_event", "EXO_TRACE_")
        with Memory() as memory:
            facts = memory.facts()
            size, end = int(facts["trace_ring"]["count"]), int(facts["trace_next"])
            ring = memory.table("kernel/base/trace.c", "trace_ring", "struct exo_trace", size)
            count = min(int(argument or 20), size, end)
            for i in range(end - count, end):
                record = ring[i % size]
                print(f"{int(record['time']) / int(facts['timebase']):10.6f} s"
                      f"  {events.get(int(record['event']), '?'):12}"
                      f" env {int(record['env'])}, {int(record['detail'])}")


gdb.execute("set max-value-size unlimited")
Exo()
Symbols()
Envs()
Holds()
Slots()
Trace()
