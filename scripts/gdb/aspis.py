# aspis.py - gdb commands that show Aspis's own tables: `exo envs`, `exo holds`, `exo symbols`
# SPDX-License-Identifier: MIT
import glob
import os

import gdb


class Exo(gdb.Command):
    """Aspis's own commands: exo envs, exo holds, exo symbols PROGRAM."""

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


def kernel_table(name):
    """A kernel table by its symbol, or a plain word about why not."""
    try:
        return gdb.parse_and_eval(name)
    except gdb.error as error:
        raise gdb.GdbError(f"the kernel's {name} cannot be read yet: {error}")


class Envs(gdb.Command):
    """exo envs: the environments, one a line. The kernel's table is `env_table`."""

    def __init__(self):
        super().__init__("exo envs", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print(kernel_table("env_table"))


class Holds(gdb.Command):
    """exo holds: the holds on frames. The kernel's table is `frame_table`."""

    def __init__(self):
        super().__init__("exo holds", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        print(kernel_table("frame_table"))


Exo()
Symbols()
Envs()
Holds()
