"""Pictures as inline SVG, drawn by matplotlib; their colours are the page's, in the light and in the dark.

Everything is drawn in stand-in colours, which are then replaced by the variables of ``templates/style.css.j2``. No
picture has an id, a link or a style sheet of its own, so that many stand in one page.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import StringIO
from typing import TYPE_CHECKING, Any, TypeAlias

from ragqa.metrics import Interval
from ragqa.printable import printable

if TYPE_CHECKING:
    import numpy as np
    from markupsafe import Markup
    from numpy.typing import NDArray

Point: TypeAlias = tuple[float, float]

_VARIABLES = ("ink", "soft", "rule", "good", "bad", "s0", "s1", "s2", "s3", "s4", "s5")
_COLOURS = {name: f"#0000{number + 1:02x}" for number, name in enumerate(_VARIABLES)}
"""What is drawn in the place of each variable of the style sheet."""

_ALONE = """<style>:root { --ink: #1b1f24; --soft: #5c6670; --rule: #d8dde2; --s0: #0b6bcb; --s1: #c2410c }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa5b1; --rule: #363d45; --s0: #6db3ff; --s1: #ff9a62 } }
</style>"""  # noqa: E501
"""The colours of a picture that stands in a file of its own."""


class _Canvas:
    """A figure with one pair of axes, and what was drawn on it."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.figure: Any = Figure(figsize=(width / 72, height / 72), dpi=72)
        self.axes: Any = self.figure.add_axes((0, 0, 1, 1))
        self.figure.patch.set_visible(False)
        self.axes.patch.set_visible(False)
        self.svg = ""

    def write(self, x: float, y: float, text: str, colour: str = "soft", **how: Any) -> None:
        """Write ``text`` at a place of the data, as it is: a dollar sign begins no formula."""
        self.axes.text(x, y, printable(text), color=_COLOURS[colour], parse_math=False, **how)


@contextmanager
def _drawing(width: float, height: float, title: str, *, alone: bool = False) -> Iterator[_Canvas]:
    """Yield a canvas of so many points; its ``svg`` is there afterwards."""
    import matplotlib
    from markupsafe import escape
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    style: Any = {"svg.fonttype": "none", "svg.hashsalt": "ragqa", "font.size": 12, "axes.spines.right": False}
    style |= {"axes.spines.top": False, "axes.spines.left": False, "axes.edgecolor": _COLOURS["soft"]}
    style |= {"xtick.color": _COLOURS["soft"], "ytick.color": _COLOURS["soft"], "axes.labelcolor": _COLOURS["soft"]}
    style |= {"grid.color": _COLOURS["rule"], "axes.axisbelow": True, "xtick.bottom": False, "ytick.left": False}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of characters that its own font lacks: the reader's font has them
        canvas = _Canvas(width, height)
        yield canvas
        for artist in canvas.figure.findobj(lambda one: hasattr(one, "set_clip_on")):
            artist.set_clip_on(False)
        out = StringIO()
        paint: Any = FigureCanvasSVG(canvas.figure).print_svg
        paint(out, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    drawn = out.getvalue()
    drawn = drawn[drawn.index(">", drawn.index("<svg")) + 1 :]
    drawn = re.sub(r"(?s)<metadata>.*?</metadata>|<!--.*?-->|<defs>\s*<style.*?</style>\s*</defs>|<defs/>", "", drawn)
    drawn = re.sub(r' (?:id|clip-path)="[^"]*"', "", drawn)
    drawn = re.sub(r"font-family: [^;\"]*", "font-family: system-ui, sans-serif", drawn)
    drawn = re.sub(r"\s*\n\s*", " ", drawn)
    for name, colour in _COLOURS.items():
        drawn = drawn.replace(colour, f"var(--{name})")
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" role="img"'
    box += ' xmlns="http://www.w3.org/2000/svg"' if alone else f' style="max-width: {max(width, 544):.0f}px"'
    canvas.svg = f"<svg {box}><title>{escape(printable(title))}</title>{_ALONE if alone else ''}{drawn.strip()}\n"


def draw_lines(
    series: Sequence[Sequence[Point]], ticks: Sequence[float], x_title: str, title: str, *, logarithmic: bool
) -> Markup:
    """Return a plot of lines of shares, 0 to 1; the ``ticks`` of x go from its first to its last value."""
    with _drawing(420, 260, title) as canvas:
        _plot_lines(canvas, series, ticks, x_title, 1.0, logarithmic=logarithmic)
    return _markup(canvas)


def draw_loss(train: Sequence[tuple[int, float]], valid: Sequence[tuple[int, float]]) -> str:
    """Return an SVG file: the loss by step, in nats a token, on the training examples and on those held back."""
    lines = [[(float(step), loss) for step, loss in line] for line in (train, valid) if line]
    last = max(step for line in lines for step, _ in line)
    with _drawing(420, 275, "Loss in nats a token, by step", alone=True) as canvas:
        ticks = sorted({float(round(last * share)) for share in (0, 0.25, 0.5, 0.75, 1)})
        top = 1.05 * max(loss for line in lines for _, loss in line) or 1.0
        _plot_lines(canvas, lines, ticks, "steps", top, logarithmic=False)
        names = ("training", "held back")[: len(lines)]
        canvas.axes.legend(canvas.axes.lines, names, loc="upper right", frameon=False, labelcolor=_COLOURS["ink"])
    return canvas.svg


def draw_bands(series: Sequence[tuple[str, Sequence[tuple[float, Interval]]]], x_title: str, title: str) -> str:
    """Return an SVG file: for each name a line of shares, 0 to 1, in the band of its intervals; each x has a tick."""
    ticks = sorted({x for _, points in series for x, _ in points})
    with _drawing(420, 275, title, alone=True) as canvas:
        lines = [[(x, of.mean) for x, of in points] for _, points in series]
        _plot_lines(canvas, lines, ticks, x_title, 1.0, logarithmic=False)
        drawn = list(canvas.axes.lines)
        for line, (_, points) in zip(drawn, series, strict=True):
            line.set_marker("o")
            xs, low, high = zip(*((x, of.low, of.high) for x, of in points), strict=True)
            canvas.axes.fill_between(xs, low, high, color=line.get_color(), alpha=0.16, linewidth=0)
        names = [name for name, _ in series]
        canvas.axes.legend(drawn, names, loc="best", frameon=False, labelcolor=_COLOURS["ink"])
    return canvas.svg


def _plot_lines(
    canvas: _Canvas,
    series: Sequence[Sequence[Point]],
    ticks: Sequence[float],
    x_title: str,
    top: float,
    *,
    logarithmic: bool,
) -> None:
    axes = canvas.axes
    axes.set_position((0.1, 0.17, 0.87, 0.78))
    for number, line in enumerate(series):
        colour, style = _COLOURS[f"s{number % 6}"], "--" if number >= 6 else "-"
        axes.plot([x for x, _ in line], [y for _, y in line], color=colour, linestyle=style, linewidth=2.2)
    if logarithmic:
        axes.set_xscale("log")
        axes.minorticks_off()
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set(xlim=(ticks[0], ticks[-1] if ticks[-1] > ticks[0] else ticks[0] + 1), ylim=(0, top), xlabel=x_title)
    axes.grid(axis="y")


def draw_differences(values: Sequence[float], x_title: str, title: str) -> Markup:
    """Return a bar a question, from -1 to 1, in the order given; gains and losses in colours of their own."""
    with _drawing(420, 240, title) as canvas:
        axes = canvas.axes
        axes.set_position((0.12, 0.12, 0.85, 0.83))
        for name, side in (("good", [max(value, 0) for value in values]), ("bad", [min(value, 0) for value in values])):
            edges = [at + end for at in range(len(values)) for end in (-0.5, 0.5)]
            outline = [value for value in side for _ in range(2)]
            axes.fill([edges[0], *edges, edges[-1]], [0, *outline, 0], color=_COLOURS[name], linewidth=0)
        axes.axhline(0, color=_COLOURS["soft"], linewidth=0.8)
        axes.set(ylim=(-1, 1), xlim=(-0.5, max(len(values), 1) - 0.5), xlabel=x_title, xticks=[])
        axes.set_yticks((-1, -0.5, 0, 0.5, 1), ("-1", "-0.5", "0", "0.5", "1"))
        axes.spines.bottom.set_visible(False)
        axes.grid(axis="y")
    return _markup(canvas)


def draw_intervals(values: Sequence[tuple[str, Interval]], title: str) -> Markup:
    """Return a bar from 0 to 1 for each name, and a line over its interval."""
    with _drawing(420, 44 * len(values) + 12, title) as canvas:
        axes = canvas.axes
        axes.set_axis_off()
        axes.set(xlim=(-0.02, 1.14), ylim=(len(values), 0))
        for at, (name, of) in enumerate(values):
            middle = at + 0.68
            axes.plot((0, 1), (middle, middle), color=_COLOURS["rule"], linewidth=0.8)
            axes.barh(middle, of.mean, 0.27, color=_COLOURS[f"s{at % 6}"])
            ends = ((of.low, of.low, of.low, of.high, of.high, of.high), (-0.11, 0.11, 0, 0, -0.11, 0.11))
            axes.plot(ends[0], [middle + apart for apart in ends[1]], color=_COLOURS["ink"], linewidth=1)
            canvas.write(0, at + 0.36, name)
            canvas.write(1.14, middle, f"{of.mean:.3f}", ha="right", va="center")
    return _markup(canvas)


LONGEST_NAME = 24
"""Columns of a label that a matrix shows; a Chinese character takes two."""

_CELL, _MARGIN, _TOP = 18, 178, 36


def draw_confusion(counts: NDArray[np.int64], rows: Sequence[str], columns: Sequence[str], title: str) -> Markup:
    """Return a confusion matrix (rows, columns): a cell shows its count, its colour is its share of the row."""
    width = max(_MARGIN + _CELL * len(columns) + 8, 7 * len(title), 420)
    height = _TOP + _MARGIN + _CELL * len(rows) + 8
    with _drawing(width, height, title) as canvas:
        axes = canvas.axes
        axes.set_axis_off()
        axes.set(xlim=(0, width), ylim=(height, 0))
        canvas.write(0, 13, title, "ink")
        canvas.write(0, 30, "Rows: the right label; columns: the predicted label")
        for at, name in enumerate(columns):
            canvas.write(
                _MARGIN + _CELL * at + 14, _TOP + _MARGIN - 6, _cut(name), rotation=90, ha="right", va="bottom", size=11
            )
        for row, name in enumerate(rows):
            y = _TOP + _MARGIN + _CELL * row
            canvas.write(_MARGIN - 6, y + 13, _cut(name), ha="right", size=11)
            for at, count in enumerate(counts[row].tolist()):
                _draw_cell(
                    canvas, _MARGIN + _CELL * at, y, count, count / max(int(counts[row].sum()), 1), right=row == at
                )
    return _markup(canvas)


def _draw_cell(canvas: _Canvas, x: float, y: float, count: int, share: float, *, right: bool) -> None:
    from matplotlib.patches import Rectangle

    if count:
        shade: Any = {
            "color": _COLOURS["good" if right else "bad"],
            "alpha": round(0.15 + 0.75 * share, 2),
            "linewidth": 0,
        }
        canvas.axes.add_patch(Rectangle((x, y), _CELL, _CELL, **shade))
        canvas.write(x + _CELL / 2, y + 13, str(count), "ink", ha="center", size=11)
    canvas.axes.add_patch(Rectangle((x, y), _CELL, _CELL, fill=False, edgecolor=_COLOURS["rule"], linewidth=0.8))


def _cut(label: str) -> str:
    """Return ``label`` cut to what the margin holds."""
    width = 0
    for at, character in enumerate(label):
        width += 2 if character >= "\u2e80" else 1
        if width > LONGEST_NAME:
            return f"{label[:at]}…"
    return label


def _markup(canvas: _Canvas) -> Markup:
    from markupsafe import Markup

    return Markup(canvas.svg)
