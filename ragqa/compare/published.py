"""What others found of the same question, with its source, and the figures of a comparison that stand beside it.

Their models have billions of weights, their questions and measures are others: their figures are to be set beside one's
own, not taken for them. A finding stands in words where its figures were not looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ragqa.compare.facts import Updated
from ragqa.compare.measures import MAIN
from ragqa.compare.records import Split, SplitResult
from ragqa.evaluation.runs import short

Beside: TypeAlias = Literal["memory", "update", "both", "readers"]
"""What of a comparison answers the same: trained models without passages on questions seen and reworded; such models
trained anew once facts changed; the best of retrieval and of memory, unseen; models that read passages, unseen."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of a paper."""

    about: str
    found: str
    source: str
    beside: Beside


FINETUNEBENCH = "Wu, Wu & Zou 2024, FineTuneBench, arXiv 2411.05059"
OVADIA = "Ovadia et al. 2023, arXiv 2312.05934"
BALAGUER = "Balaguer et al. 2024, arXiv 2401.08406"
RAFT = "Zhang et al. 2024, RAFT, arXiv 2403.10131"

FINDINGS = (
    Finding(
        "fine-tuned, asked word for word → otherwise",
        "GPT-4o mini .99 → .65, GPT-3.5 Turbo .90 → .36, GPT-4o .89 → .28",
        FINETUNEBENCH,
        "memory",
    ),
    Finding(
        "fine-tuned, new facts asked otherwise",
        ".37, mean of five hosted models",
        FINETUNEBENCH,
        "memory",
    ),
    Finding(
        "fine-tuned anew, facts that changed",
        ".19, mean of five hosted models",
        FINETUNEBENCH,
        "update",
    ),
    Finding(
        "retrieval beside fine-tuning on the texts",
        "retrieval is ahead throughout, on what the model knew and on what is new; fine-tuning helps some",
        OVADIA,
        "both",
    ),
    Finding(
        "both together",
        "fine-tuning adds over .06 of accuracy, retrieval .05 more on top of it",
        BALAGUER,
        "both",
    ),
    Finding(
        "trained to read passages",
        "7 billion weights, with retrieval, against the same untrained: up to + .35 (HotpotQA), + .76 (Torch Hub)",
        RAFT,
        "readers",
    ),
)


def beside(finding: Finding, measured: Sequence[SplitResult], updates: Sequence[Updated]) -> str:
    """Return one's own figures to a finding; 'not measured' where there are none."""
    if finding.beside == "memory":
        trained = [one for one in measured if one.system.kind == "closed-book" and one.system.training]
        said = [_shares(label, trained, ("seen", "reworded")) for label in _labels(trained)]
    elif finding.beside == "update":
        said = [f"{one.label} {short(one.share().mean)}" for one in updates if one.how == "trained anew"]
    else:
        unseen = [one for one in measured if one.split == "unseen" and MAIN in one.metrics]
        readers = [one for one in unseen if one.system.kind == "retrieval" and one.system.name != "extractive"]
        chosen = readers if finding.beside == "readers" else unseen
        said = [f"{one.label} {short(one.metrics[MAIN].mean)}" for one in chosen]
    return ", ".join(said) or "not measured"


def _labels(measured: Sequence[SplitResult]) -> list[str]:
    return list(dict.fromkeys(one.label for one in measured))


def _shares(label: str, measured: Sequence[SplitResult], splits: Sequence[Split]) -> str:
    found = {one.split: short(one.metrics[MAIN].mean) for one in measured if one.label == label and MAIN in one.metrics}
    return f"{label} {' → '.join(found.get(split, 'not asked') for split in splits)}"
