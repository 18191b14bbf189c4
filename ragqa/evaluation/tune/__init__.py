"""Find the cut, the weights and the k that find the right pages soonest, and say honestly whether it helps.

Cut sizes, fusion weights and grains are tried on a question set with gold pages; what is gained is measured on
questions that the choice has not seen. Writes nothing; ``options_file.py`` does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ragqa.evaluation.datasets.records import Question
from ragqa.evaluation.tune.choosing import Gain, choose, gain_of
from ragqa.evaluation.tune.measuring import SIZES, Setting, checked, measure, passage_tokens_of, settings_to_try

if TYPE_CHECKING:
    from ragqa.engine import Library

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
    checked(questions, documents, folds)
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
