# beside.py - figures of ours in a table beside the peers'
# SPDX-License-Identifier: MIT
import re


def peers(path):
    """Heads of the columns (the last is `target`), and a row's cells by its name."""
    table, heads = {}, []
    with open(path) as file:
        for line in file:
            cells = line.rstrip("\n").split("\t")
            if line.startswith("# row\t"):
                heads = cells[1:]
            elif not line.startswith("#"):
                table[cells[0]] = cells[1:]
    return heads, table


def verdict(value, target):
    """`pass`, `MISSED`, or nothing where no target stands."""
    bound = re.match(r"<= ([\d.,]+)$", target)
    if not bound:
        return ""
    # The peers' figures have two decimals at most.
    return "pass" if round(float(value), 2) <= float(bound[1].replace(",", "")) else "MISSED"


def show(rows, path, judged=False):
    """Prints rows of (name, value, unit); says of each whether its target is met, if asked."""
    heads, table = peers(path)
    lines = [["row", "Aspis", "unit"] + heads + ([""] if judged else [])]
    for name, value, unit in rows:
        cells = table.get(name, [""] * len(heads))
        lines.append([name, value, unit] + cells + ([verdict(value, cells[-1])] if judged else []))
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
