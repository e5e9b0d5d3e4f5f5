#!/usr/bin/env python3
# experiments.t - rows are read strictly, drawings are well formed and show every row
# SPDX-License-Identifier: MIT
import sys
import xml.dom.minidom

sys.path.insert(0, "scripts/lib")
import measured  # noqa: E402
import plot  # noqa: E402

count = 0
ROWS = ["DATA work slot=1 a=0.5 b=-3", "# a remark", "DATA work slot=2 a=10 b=4.25",
        "DATA other x=1", "DATA work slot=3 a=70 b=1", "TAKE a < b & \"so\" on"]


def ok(good, name):
    global count
    count += 1
    print(f"{'ok' if good else 'not ok'} {count} - {name}")


def refused(function, wanted, name):
    """It fails, and its message tells what is wrong."""
    try:
        function()
    except (measured.Malformed, plot.Wrong) as why:
        ok(all(word in str(why) for word in wanted), f"{name}: {why}")
    else:
        ok(False, f"{name}: was taken")


def drawing(words, rows=ROWS):
    tables, take = measured.read(rows)
    asked = plot.Asked(words)
    return xml.dom.minidom.parseString(
        plot.draw(asked, tables[asked.table], "Title < & >", ["x & y", "z"], take or ""))


def points(path):
    return len(path.getAttribute("points").split())


def classed(document, tag, name):
    return [node for node in document.getElementsByTagName(tag)
            if node.getAttribute("class") == name]


tables, take = measured.read(ROWS)
ok(list(tables) == ["work", "other"] and take == 'a < b & "so" on', "tables and conclusion are read")
ok(tables["work"].rows == [["1", "0.5", "-3"], ["2", "10", "4.25"], ["3", "70", "1"]], "every row")
ok(len({len(line) for line in tables["work"].lines()}) == 1, "printed rows are aligned")

svg = drawing("lines work x=slot y=a,b ideal=b")
ok([points(path) for path in classed(svg, "polyline", "measured")] == [3, 3], "a line has all points")
ok([points(path) for path in classed(svg, "polyline", "ideal")] == [3], "the ideal too")
ok(len(svg.getElementsByTagName("circle")) == 6, "each point is marked")
svg = drawing("points work x=slot y=a log=xy")
ok(len(svg.getElementsByTagName("circle")) == 3, "points, on logarithmic axes")
svg = drawing("bars work x=slot y=a,b ideal=b")
bars = classed(svg, "rect", "measured")
ok(len(bars) == 6 and len(classed(svg, "line", "ideal")) == 3, "bars, with an ideal")
ok(all(float(bar.getAttribute("height")) >= 0 for bar in bars), "bars below 0 too")
svg = drawing("lines flat x=x y=y", ["DATA flat x=1 y=7"])
ok(len(svg.getElementsByTagName("circle")) == 1, "a single row, a flat one")
places = [float(circle.getAttribute(at)) for at in ("cx", "cy")
          for circle in drawing("points work x=slot y=a").getElementsByTagName("circle")]
ok(places[0] < places[1] < places[2] and places[3] > places[4] > places[5],
   "more is to the right and above")

for line, wanted in (("DATA work", "want DATA"), ("DATA Work x=1", "want DATA"),
                     ("DATA work x=1 y", "`y`"), ("DATA work x=1 y=", "`y=`"),
                     ("DATA work x=1e9", "`x=1e9`"), ("DATA work x=nan", "`x=nan`"),
                     ("DATA work x=1 x=2", "twice"), ("TAKE", "TAKE")):
    refused(lambda: measured.read(["# first", line]), ["line 2", line, wanted], f"`{line}`")
refused(lambda: measured.read(ROWS + ["DATA work slot=4 b=1"]), ["line 7", "slot a b"],
        "a row of another shape")
refused(lambda: measured.read(["TAKE once", "TAKE twice"]), ["line 2"], "two conclusions")
refused(lambda: plot.Asked("circles work x=a y=b"), ["circles", "lines|points|bars"], "a kind")
refused(lambda: drawing("lines work x=slot y=c"), ["no column c"], "a column that is not there")
refused(lambda: drawing("lines work x=slot y=b log=y"), ["logarithmic"], "a logarithm of -3")
print(f"1..{count}")
