# measured.py - what an experiment prints: rows of tables and a conclusion, read strictly
# SPDX-License-Identifier: MIT
"""A program prints, one a line,

  DATA <table> <column>=<number> <column>=<number> ...     one row; a table's rows have one shape
  TAKE <conclusion>                                        once, after the rows

Names are lower-case words with digits and underscores, numbers are integers or decimals. All other
lines are remarks.
"""
import re

NAME = r"[a-z][a-z0-9_]*"
CELL = re.compile(rf"({NAME})=(-?\d+(?:\.\d+)?)")


class Malformed(Exception):
    """A line that is not what it should be; the message says which, and what is wanted."""


class Table:
    def __init__(self, columns):
        self.columns = columns
        self.rows = []          # as printed

    def column(self, name):
        at = self.columns.index(name)
        return [float(row[at]) for row in self.rows]

    def lines(self):
        """Head and rows, aligned to the right."""
        cells = [self.columns] + self.rows
        widths = [max(len(line[i]) for line in cells) for i in range(len(self.columns))]
        return ["  ".join(cell.rjust(width) for cell, width in zip(line, widths)) for line in cells]


def read(lines):
    """The tables by name, in the order of their first rows, and the conclusion (None: not said)."""
    tables, take = {}, None
    for number, line in enumerate(lines, 1):
        words = line.split()
        where = f"line {number}: `{line.strip()}`"
        if words[:1] == ["TAKE"]:
            if take is not None or len(words) == 1:
                raise Malformed(f"{where}: want one TAKE, with a conclusion")
            take = " ".join(words[1:])
        elif words[:1] == ["DATA"]:
            if len(words) < 3 or not re.fullmatch(NAME, words[1]):
                raise Malformed(f"{where}: want DATA <table> <column>=<number> ...")
            cells = []
            for word in words[2:]:
                cell = CELL.fullmatch(word)
                if not cell:
                    raise Malformed(f"{where}: `{word}` is not <column>=<number>")
                cells.append(cell.groups())
            columns = [name for name, _ in cells]
            if len(set(columns)) < len(columns):
                raise Malformed(f"{where}: a column stands there twice")
            table = tables.setdefault(words[1], Table(columns))
            if table.columns != columns:
                raise Malformed(f"{where}: the table has the columns {' '.join(table.columns)}")
            table.rows.append([value for _, value in cells])
    return tables, take
