# plot.py - draws a table as an SVG file: lines, points or bars, the ideal beside the measured
# SPDX-License-Identifier: MIT
"""A drawing is asked for in words:

  KIND TABLE x=COLUMN y=COLUMN,... [ideal=COLUMN,...] [log=x|y|xy]

KIND is lines, points or bars. The n-th column of `ideal` belongs to the n-th of y, and is drawn
dashed; fewer of them are allowed. `_` in a column's name is a blank in the legend. Bars stand in
groups, one a row, and begin at 0.
"""
import math
import re
import textwrap
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 820, 500
LEFT, RIGHT, TOP, BOTTOM = 84, 200, 52, 108
# Told apart by the colour-blind too (Okabe and Ito).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
IDEAL = 'stroke="#222222" stroke-width="1.2" stroke-dasharray="5 4"'
MARKED = 60     # lines with more points than that have no marks


class Wrong(Exception):
    """What was asked for cannot be drawn; the message says why."""


class Asked:
    def __init__(self, text):
        words = text.split()
        options = dict(word.split("=", 1) for word in words[2:] if "=" in word)
        if (len(words) < 4 or words[0] not in ("lines", "points", "bars") or
                len(options) != len(words) - 2 or not {"x", "y"} <= set(options) or
                set(options) - {"x", "y", "ideal", "log"}):
            raise Wrong(f"plot: `{text}`: want lines|points|bars TABLE x=COLUMN y=COLUMN,... "
                        "[ideal=COLUMN,...] [log=x|y|xy]")
        self.kind, self.table, self.x = words[0], words[1], options["x"]
        self.y = options["y"].split(",")
        self.ideal = options["ideal"].split(",") if "ideal" in options else []
        self.log = options.get("log", "")
        if len(self.ideal) > len(self.y) or not re.fullmatch("x?y?", self.log):
            raise Wrong(f"plot: `{text}`: more ideals than columns, or log= not x, y or xy")
        if self.log and self.kind == "bars":
            raise Wrong(f"plot: `{text}`: bars begin at 0, which no logarithmic axis has")


class Axis:
    """Maps values to a range of the drawing, with ticks at round values."""

    def __init__(self, values, begin, end, log, least=None):
        low, high = min(values + ([least] if least is not None else [])), max(values)
        self.begin, self.end, self.log = begin, end, log
        if log:
            if low <= 0:
                raise Wrong(f"plot: {low:g} has no place on a logarithmic axis")
            self.low, self.high = math.floor(math.log10(low)), math.ceil(math.log10(high))
            self.high += self.high == self.low
            self.ticks = [10.0 ** k for k in range(self.low, self.high + 1)]
            return
        if low == high:
            low, high = low - 1, high + 1
        step = 10.0 ** math.floor(math.log10(high - low))
        while (high - low) / step < 5:
            step /= 2 if (high - low) / step >= 2.5 else 5
        self.low, self.high = (math.floor(round(low / step, 9)) * step,
                               math.ceil(round(high / step, 9)) * step)
        count = round((self.high - self.low) / step)
        self.ticks = [self.low + k * step for k in range(count + 1)]

    def at(self, value):
        place = math.log10(value) if self.log else value
        return self.begin + (place - self.low) / (self.high - self.low) * (self.end - self.begin)


def label(value):
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):g}{letter}"
    return f"{round(value, 9):g}"


def text(x, y, words, size=13, anchor="middle", more=""):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}"{more}>'
            f"{escape(words)}</text>")


def line(x1, y1, x2, y2, look):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" {look}/>'


def frame(across, up, x_ticks, names):
    """Grid, ticks, their labels and the names of the axes."""
    right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM
    for tick in up.ticks:
        yield line(LEFT, up.at(tick), right, up.at(tick), 'stroke="#dddddd"')
        yield line(LEFT - 5, up.at(tick), LEFT, up.at(tick), 'stroke="#000000"')
        yield text(LEFT - 8, up.at(tick) + 4, label(tick), 12, "end")
    for tick, words in x_ticks:
        yield line(across.at(tick), bottom, across.at(tick), bottom + 5, 'stroke="#000000"')
        yield text(across.at(tick), bottom + 19, words, 12)
    yield (f'<rect x="{LEFT}" y="{TOP}" width="{right - LEFT}" height="{bottom - TOP}" '
           'fill="none" stroke="#000000"/>')
    yield text((LEFT + right) / 2, bottom + 40, names[0])
    middle = (TOP + bottom) / 2
    yield text(22, middle, names[1], more=f' transform="rotate(-90 22 {middle:.1f})"')


def legend(asked):
    x, y = WIDTH - RIGHT + 14, TOP + 10
    for name, colour in zip(asked.y, COLOURS):
        yield f'<rect x="{x}" y="{y - 5}" width="22" height="9" fill="{colour}"/>'
        yield text(x + 30, y + 4, name.replace("_", " "), 12, "start")
        y += 20
    if asked.ideal:
        yield line(x, y, x + 22, y, IDEAL)
        yield text(x + 30, y + 4, "ideal", 12, "start")


def curves(asked, table, across, up):
    xs = [across.at(x) for x in table.column(asked.x)]
    for name, colour in zip(asked.y, COLOURS):
        points = list(zip(xs, map(up.at, table.column(name))))
        if asked.kind == "lines":
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            yield (f'<polyline class="measured" points="{path}" fill="none" stroke="{colour}" '
                   'stroke-width="2.5"/>')
        if asked.kind == "points" or len(points) <= MARKED:
            for x, y in points:
                yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>'
    # Above the measured: where both are one, both are seen.
    for name in asked.ideal:
        path = " ".join(f"{x:.1f},{up.at(y):.1f}" for x, y in zip(xs, table.column(name)))
        yield f'<polyline class="ideal" points="{path}" fill="none" {IDEAL}/>'


def bars(asked, table, across, up):
    width = (across.at(1) - across.at(0)) * 0.8 / len(asked.y)
    for at, name in enumerate(asked.y):
        for row, value in enumerate(table.column(name)):
            x = across.at(row) + (at - len(asked.y) / 2) * width
            top, foot = sorted((up.at(value), up.at(0)))
            yield (f'<rect class="measured" x="{x:.1f}" y="{top:.1f}" width="{width * 0.94:.1f}" '
                   f'height="{foot - top:.1f}" fill="{COLOURS[at]}"/>')
            if at < len(asked.ideal):
                y = up.at(table.column(asked.ideal[at])[row])
                yield line(x - 3, y, x + width, y, f'class="ideal" {IDEAL}')


def draw(asked, table, title, names, caption=""):
    """The drawing; names: of the two axes."""
    for column in [asked.x] + asked.y + asked.ideal:
        if column not in table.columns:
            raise Wrong(f"plot: the table {asked.table} has no column {column}; "
                        f"it has {' '.join(table.columns)}")
    if len(asked.y) > len(COLOURS):
        raise Wrong(f"plot: at most {len(COLOURS)} columns in one drawing")
    xs = table.column(asked.x)
    ys = [value for name in asked.y + asked.ideal for value in table.column(name)]
    grouped = asked.kind == "bars"
    up = Axis(ys, HEIGHT - BOTTOM, TOP, "y" in asked.log, 0 if grouped else None)
    if grouped:
        across = Axis([0, 1], LEFT, WIDTH - RIGHT, False)
        across.low, across.high = -0.5, len(xs) - 0.5
        x_ticks = [(row, label(x)) for row, x in enumerate(xs)]
    else:
        across = Axis(xs, LEFT, WIDTH - RIGHT, "x" in asked.log)
        x_ticks = [(tick, label(tick)) for tick in across.ticks]
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
             f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Helvetica, Arial, sans-serif">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
             text(WIDTH / 2, 30, title, 17, more=' font-weight="bold"')]
    parts += frame(across, up, x_ticks, names)
    parts += (bars if grouped else curves)(asked, table, across, up)
    parts += legend(asked)
    for number, words in enumerate(textwrap.wrap(caption, 128)[:3]):
        parts.append(text(LEFT - 60, HEIGHT - 44 + 16 * number, words, 12, "start"))
    return "\n".join(parts + ["</svg>"]) + "\n"
