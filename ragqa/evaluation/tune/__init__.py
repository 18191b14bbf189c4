"""Find the cut, the weights and the k that find the right pages soonest, and say honestly whether it helps.

Cut sizes, fusion weights and grains are tried on a question set with gold pages; what is gained is measured on
questions that the choice has not seen. ``set_options`` writes the settings file, and nothing else is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from ragqa.approving import renew
from ragqa.errors import RagqaError
from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.files import write_whole
from ragqa.evaluation.tune.workbench import SIZES, Setting, check_questions, measure, passage_tokens_of, settings_to_try
from ragqa.metrics.intervals import paired_difference
from ragqa.settings import FILE_NAME, Settings, home_folder, settings_file, settings_hash

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ragqa.engine import Library


Worths: TypeAlias = "NDArray[np.float64]"
"""(settings, questions): what each setting is worth to each question; the present setting stands first."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Which setting is best on all questions, and what choosing so was worth on questions it had not seen."""

    best: int
    used: NDArray[np.int64]
    """(questions,): the setting that was chosen for each question without looking at it."""
    held_out: Worths
    """(questions,): what that setting was worth to it."""
    present: Worths
    """(questions,): what the present setting was worth."""


def choose(worths: Worths, folds: int, seed: int) -> Choice:
    """Return the choice; a setting that is no better than the present one never replaces it."""
    used = np.zeros(worths.shape[1], np.int64)
    for inside, outside in _folds(worths.shape[1], folds, seed):
        used[outside] = _best(worths[:, inside])
    return Choice(_best(worths), used, worths[used, np.arange(len(used))], worths[0])


def _best(worths: Worths) -> int:
    means = worths.mean(axis=1)
    return int(np.argmax(means)) if means.max() > means[0] + 1e-12 else 0


def _folds(questions: int, folds: int, seed: int) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    order = np.random.default_rng(seed).permutation(questions)
    for fold in range(folds):
        outside = order[fold::folds]
        yield np.setdiff1d(order, outside), outside


Values: TypeAlias = "Sequence[float] | NDArray[np.float64]"


@dataclass(frozen=True, slots=True)
class Gain:
    """A mean before and after, and the 95 % interval of their difference."""

    before: float
    after: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether it is a gain beyond chance."""
        return self.low > 0


def gain_of(before: Values, after: Values, seed: int) -> Gain:
    """Return the gain of the same questions from ``before`` to ``after``."""
    apart = paired_difference(after, before, seed)
    return Gain(fmean(before), fmean(after), apart.low, apart.high)


FEWEST = 30
"""Questions under which hardly any gain can be told from chance."""


@dataclass(frozen=True, slots=True)
class Tuned:
    """What was found. Gains are those of held-out questions over the present settings."""

    questions: int
    tried: int
    present: Setting
    best: Setting
    page_mrr: Gain
    """page_mrr@10: how early the right page comes."""
    page_hit: Gain
    """Share of questions whose page is among the present k passages."""
    k: int
    best_k: int
    k_gain: Gain | None
    """Of another k: pages found, less what reading more costs; None where k was not tuned."""

    def to_write(self) -> dict[str, float | int]:
        """Return the options worth changing: those whose gain is real, on enough questions to tell."""
        if self.questions < FEWEST:
            return {}
        options = self.present.changes(self.best) if self.page_mrr.real else {}
        if self.k_gain and self.k_gain.real and self.best_k != self.k:
            options["k"] = self.best_k
        return options


def check_enough(questions: Sequence[Question], fewest: int) -> None:
    """Raise RagqaError where there are fewer questions than ``fewest``, before minutes are spent on them."""
    if len(questions) < fewest:
        raise RagqaError(
            f"to tell a gain from chance takes {fewest} questions with pages; these are {len(questions)}: give more, "
            f"or --min-questions {max(len(questions), 2)} to measure all the same"
        )


def tune(
    library: Library,
    questions: Sequence[Question],
    *,
    sizes: Sequence[int] = SIZES,
    folds: int = 5,
    seed: int = 0,
    tune_k: bool = True,
    progress: Callable[[str], None] = lambda line: None,
) -> Tuned:
    """Return the setting that serves ``questions`` best in ``library``, and what it gains. Raises RagqaError."""
    documents = [library.show(stored.name) for stored in library.documents()]
    check_questions(questions, documents, folds)
    settings = list(settings_to_try(Setting.of(library.settings, passage_tokens_of(library)), sizes))
    measured = measure(library, documents, questions, settings, progress)
    chosen = choose(measured.ranks, folds, seed)
    page_mrr = gain_of(chosen.present, chosen.held_out, seed)
    k = library.settings.k
    # How many passages to read is asked of the setting that will be in force.
    of_k = measured.priced[:, chosen.best if page_mrr.real else 0, :]
    best_k = choose(of_k, folds, seed) if tune_k else None
    hits = measured.hits[measured.ks.index(k)]
    return Tuned(
        len(questions),
        len(settings),
        settings[0],
        settings[chosen.best],
        page_mrr,
        gain_of(hits[0], hits[chosen.used, range(len(questions))], seed),
        k,
        measured.ks[best_k.best] if best_k else k,
        gain_of(best_k.present, best_k.held_out, seed) if best_k else None,
    )


def file_to_write(settings: Settings) -> Path:
    """Return the settings file in force, or where one may be made that will be read and moves no library."""
    here = Path.cwd()
    found = settings_file()
    if found:
        return found
    if home_folder() in (here, *here.parents):
        return home_folder() / FILE_NAME
    if settings.home is not None:
        return here / FILE_NAME
    raise RagqaError(
        f"there is no {FILE_NAME} here or in a folder above, and a new one here would hide the libraries of "
        f'{home_folder()}: make one where you work, with the line home = "{home_folder()}", and tune again'
    )


def set_options(file: Path, options: Mapping[str, float | int]) -> None:
    """Write ``options`` into ``file``, whole or not at all; every other line stays as it is, comments too.

    Raises RagqaError where the file can't be edited.
    """
    from tomlkit.exceptions import TOMLKitError

    try:
        before = file.read_text(encoding="utf-8") if file.exists() else ""
        after = with_options(before, options)
        held = settings_hash(file) if file.exists() else None
        write_whole(file, after)
        renew(file, held)
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        lines = ", ".join(f"{name} = {value}" for name, value in options.items())
        reason = getattr(error, "strerror", None) or "it is no TOML"
        raise RagqaError(f"{file} can't be changed ({reason}): write into it {lines}") from None


def with_options(text: str, options: Mapping[str, float | int]) -> str:
    """Return the TOML ``text`` with ``options`` set at its top level: in place where they stand, else added there."""
    import tomlkit

    document = tomlkit.parse(text if text.endswith("\n") or not text else f"{text}\n")
    for name, value in options.items():
        document[next((key for key in document if key.replace("-", "_") == name), name)] = value
    return tomlkit.dumps(document)
