"""What a library's text adds at each share of the labels: train without it and with it, and ask the test questions.

Each share is a part of the larger ones. Both cells of a share begin with the same base and seed and learn for the same
minutes, where minutes were given; reading the text and judging generated questions come on top. Knows no command line.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

from ragqa.errors import GO_ON, RagqaError
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.local import train_local
from ragqa.finetune.records import Example, Form, read_prepared
from ragqa.finetune.semi.asking import Reply, ask_all
from ragqa.finetune.semi.learner import model_folder, with_train
from ragqa.finetune.semi.pseudo import UNLESS_ASKED, SemiOptions
from ragqa.finetune.semi.training import CHECK_SHARE, READ_SHARE, Sides, checked, gather, read_text
from ragqa.metrics import Difference, Interval, answer_recall, mean_intervals, paired_difference, token_f1
from ragqa.models.safety import read_record
from ragqa.plain_files import cannot_write, write_json
from ragqa.printable import quantity
from ragqa.settings import Settings

ASK_SHARE = 0.25
"""Of the minutes in all, what asking the test questions may take; what reading and judging leave is for training."""

FEWEST_OF_A_SHARE = 2
"""Labelled examples of the smallest share."""

CURVE, PICTURE, LOSS = "curve.json", "curve.svg", "reading-loss.svg"

Notice = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class CurveOptions:
    """What is measured."""

    percents: tuple[int, ...] = (10, 25, 50, 100)
    """Of the labelled examples, ascending."""
    limit: int = 500
    """Test questions asked at most."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One model, and what its answers to the test questions are worth."""

    percent: int
    unlabelled: bool
    """Whether it read the library's text and learned generated questions."""
    labelled: int
    generated: int
    passes: float
    """Over its examples."""
    train_seconds: float
    model: str
    contained: tuple[float, ...]
    """Of each question, 1 where a right answer stands in what the model says."""
    f1: tuple[float, ...]
    """Of each question, token F1 of the last paragraph."""
    refused: float
    """Share of the questions."""

    def intervals(self, seed: int) -> tuple[Interval, Interval]:
        """Return the means of contained and F1."""
        contained, f1 = mean_intervals([self.contained, self.f1], seed)
        return contained, f1


@dataclass(frozen=True, slots=True)
class Share:
    """Both cells of a share of the labels; a difference is what the unlabelled side adds."""

    without: Cell
    added: Cell
    contained: Difference
    f1: Difference


@dataclass(frozen=True, slots=True)
class Curve:
    """All cells measured so far, two of each share, without the library's text before with it."""

    form: Form
    base: str
    seed: int
    minutes: float | None
    questions: int
    """Of the test split that every model was asked."""
    generated: int
    """Questions that find their own passage again, before any reader judged them."""
    reading: dict[str, Any] | None
    """What reading the text was: its steps, tokens, seconds and loss by step (``curve``); None before it."""
    cells: tuple[Cell, ...]
    left_out: tuple[str, ...]
    """What the minutes, or the limit, did not allow, a line each."""
    folder: Path
    """Holds curve.json and the pictures."""

    @property
    def shares(self) -> list[Share]:
        """The shares of which both cells are there."""
        return [share_of(*pair, self.seed) for pair in zip(self.cells[::2], self.cells[1::2], strict=False)]

    def record(self) -> dict[str, Any]:
        """Return it as JSON has it, with the intervals of each cell and each difference."""
        row = {**asdict(self), "folder": str(self.folder)}
        row["cells"] = [{**asdict(one), "intervals": _measures(*one.intervals(self.seed))} for one in self.cells]
        row["added"] = [{"percent": one.without.percent, **_measures(one.contained, one.f1)} for one in self.shares]
        return row


def _measures(contained: Interval | Difference, f1: Interval | Difference) -> dict[str, Any]:
    return {"answer_recall": asdict(contained), "token_f1": asdict(f1)}


def percents_of(text: str) -> tuple[int, ...]:
    """Return the shares of a list such as '10,25,50,100'. Raises RagqaError for one that is none."""
    try:
        percents = tuple(int(one.strip().removesuffix("%")) for one in text.split(","))
    except ValueError:
        percents = ()
    if not percents or list(percents) != sorted(set(percents)) or not 1 <= percents[0] <= percents[-1] <= 100:
        raise RagqaError(
            "--curve takes shares of the labels from 1 to 100, rising, with commas between, as in 10,25,50,100; got "
            f"'{text}'"
        )
    return percents


def measure_curve(
    prepared: Path,
    options: TrainOptions,
    settings: Settings,
    curve: CurveOptions = CurveOptions(),
    asked: SemiOptions = UNLESS_ASKED,
    notice: Notice = lambda line: None,
) -> Curve:
    """Train and measure every cell; ``options.minutes`` is for all of it, and says how much each does.

    A cell is a job, and kept with its answers as it is done; the same call goes on where it was stopped. Raises
    RagqaError.
    """
    _check(prepared, curve)
    sides = gather(prepared, options, settings, asked, notice, asdict(curve))
    bench = _Bench(prepared, options, settings, curve, sides, notice)
    cells: list[Cell] = []
    pool: list[Example] = []
    base = ""
    for percent in curve.percents:
        labelled = take_share(sides.train, percent, options.seed)
        cells.append(bench.cell(percent, labelled, options.base))
        bench.keep(cells)
        if not base:  # the smallest share's model reads for all: what it was taught, every share was
            base = str(read_text(sides, options, notice))
            read = replace(options, base=base)
            pool = checked(sides.pool, sides, cells[0].model, read, settings, options.minutes, notice)
            if not pool:
                notice("no generated question is left to learn from: the text is read, and that is all that it adds")
        cells.append(bench.cell(percent, labelled, base, pool))
        done = bench.keep(cells)
    return done


def take_share(examples: Sequence[Example], percent: int, seed: int) -> list[Example]:
    """Return ``percent`` of the examples, in their own order; a smaller share is a part of a larger one."""
    order = list(range(len(examples)))
    Random(f"share {seed}").shuffle(order)
    return [examples[at] for at in sorted(order[: math.ceil(len(examples) * percent / 100)])]


def share_of(without: Cell, added: Cell, seed: int) -> Share:
    """Return the share of two cells, which were asked the same questions."""
    return Share(
        without,
        added,
        paired_difference(added.contained, without.contained, seed),
        paired_difference(added.f1, without.f1, seed),
    )


def _check(prepared: Path, curve: CurveOptions) -> None:
    record, percents = read_prepared(prepared), curve.percents
    if record.form == "route":
        raise RagqaError(f"--curve takes the forms closed-book and context; {prepared} is of the form route")
    count, train = record.examples.get("test", 0), record.examples.get("train", 0)
    if math.ceil(train * percents[0] / 100) < FEWEST_OF_A_SHARE:
        raise RagqaError(
            f"{percents[0]} % of {quantity(train, 'labelled example')} is less than {FEWEST_OF_A_SHARE}: prepare more, "
            "or begin --curve higher"
        )
    if not count:
        raise RagqaError(f"{prepared} has no test questions to measure with: prepare it with --test above 0")


class _Bench:
    """Trains and asks the cells of one curve."""

    def __init__(
        self,
        prepared: Path,
        options: TrainOptions,
        settings: Settings,
        curve: CurveOptions,
        sides: Sides,
        notice: Notice,
    ) -> None:
        self._prepared, self._options, self._settings, self._notice = prepared, options, settings, notice
        self._sides, self._minutes, self._count = sides, options.minutes, 2 * len(curve.percents)
        answerable = [one for one in sides.test if one.answers]
        Random(options.seed).shuffle(answerable)
        self._asked, self._possible = answerable[: curve.limit], len(answerable)
        if not answerable:
            raise RagqaError(f"no test question of {prepared} has an answer: nothing can be measured with them")
        self._decided = False

    def cell(self, percent: int, labelled: Sequence[Example], base: str, pool: Sequence[Example] = ()) -> Cell:
        """Return the cell; of a job that was done before, only what was not asked yet is asked."""
        unlabelled = base != self._options.base
        name = f"{'with' if unlabelled else 'without'}-{percent}"
        self._notice(f"{percent} % of the labels, {'with' if unlabelled else 'without'} the library's text")
        held = with_train(self._prepared, [*labelled, *pool], self._sides.folder / name)
        options = replace(self._options, base=base, suffix="-".join(filter(None, (self._options.suffix, name))))
        share = 1 - READ_SHARE - CHECK_SHARE - ASK_SHARE
        options = replace(options, minutes=self._minutes and self._minutes * share / self._count)
        job = train_local(held, options, self._settings, self._notice)
        if job.model is None:
            raise RagqaError(f"{name} was not finished ({job.state}): {GO_ON}")
        replies = self._ask(job.model, self._sides.folder / "answers" / f"{name}.jsonl")
        record = read_record(model_folder(job.model))
        passes, seconds = float(record.get("epochs") or 0), float(record.get("train_seconds") or 0)
        return Cell(
            percent, unlabelled, len(labelled), len(pool), passes, seconds, job.model, *worth(self._asked, replies)
        )

    def _ask(self, model: str, file: Path) -> list[Reply]:
        """Ask a model; how many questions the first one answers in its time is how many all are asked."""
        seconds = None
        if self._minutes and not self._decided:
            seconds = 60 * self._minutes * ASK_SHARE / self._count
        replies = ask_all(self._asked, model, self._settings, file, seconds, self._notice)
        self._asked, self._decided = self._asked[: len(replies)], True
        return replies

    def _left_out(self, cells: Sequence[Cell]) -> list[str]:
        """Return what the minutes, or the limit, did not allow, a line each."""
        lines = []
        if len(self._asked) < self._possible:
            lines.append(f"{len(self._asked)} of {quantity(self._possible, 'test question')} asked")
        short = [one for one in cells if one.passes < 1]
        lines += [
            f"{one.percent} % {'with' if one.unlabelled else 'without'} the text: trained on {one.passes:.2f} of its "
            f"{one.labelled + one.generated} examples, once each"
            for one in short
        ]
        read = self._reading()
        if read and read["epochs"] < 1:
            lines.append(f"{read['epochs']:.2f} of the library's text read")
        return lines

    def _reading(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = read_record(self._sides.folder / "base").get("read")
        return found

    def keep(self, cells: Sequence[Cell]) -> Curve:
        """Write what is known so far into the curve's folder, and return it."""
        from ragqa.evaluation.report.plots import draw_bands

        sides, options = self._sides, self._options
        made = (sides.form, options.base, options.seed, self._minutes, len(self._asked), len(sides.pool))
        curve = Curve(*made, self._reading(), tuple(cells), tuple(self._left_out(cells)), sides.folder)
        try:
            write_json(sides.folder / CURVE, curve.record())
            if (sides.folder / "base" / "loss.svg").is_file():
                shutil.copyfile(sides.folder / "base" / "loss.svg", sides.folder / LOSS)
            if shares := curve.shares:
                lines = [
                    (name, [(float(cell.percent), cell.intervals(options.seed)[0]) for cell in some])
                    for name, some in (
                        ("labels alone", [one.without for one in shares]),
                        ("with the text", [one.added for one in shares]),
                    )
                ]
                title = "Share of the test questions whose right answer is told, by share of the labels"
                picture = draw_bands(lines, "% of the labels", title)
                (sides.folder / PICTURE).write_text(picture, encoding="utf-8")
        except OSError as error:
            raise cannot_write(sides.folder / CURVE, error) from None
        return curve


def worth(asked: Sequence[Example], replies: Sequence[Reply]) -> tuple[tuple[float, ...], tuple[float, ...], float]:
    """Return of each question whether a right answer is contained, and token F1; and the share that was refused."""
    pairs = list(zip(asked, replies, strict=True))
    contained = tuple(answer_recall(reply.text, (*one.answers, *one.evidence)) for one, reply in pairs)
    f1 = tuple(token_f1(reply.text, one.answers) for one, reply in pairs)
    return contained, f1, sum(reply.refused for reply in replies) / len(replies)
