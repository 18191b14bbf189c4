"""What does unlabelled text add to few labels? Macro-F1 at 10, 25, 50 and 100 % of the labels, with it and without.

Questions are told into the articles of twelve articles of xquad-en. Without: the classifier on the labelled questions
(round 0). With: the best round of ``ragqa.finetune.semi``, chosen by held-back questions; both are measured on the same
test questions. At least one question of each article is always labelled. A development set.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from random import Random

from bench.data import collection, library_of
from bench.record import Row, parser, report
from bench.routing import split
from ragqa import Library
from ragqa.compare.systems import write_prepared
from ragqa.finetune.jobs import TrainOptions
from ragqa.finetune.records import Example, Split
from ragqa.finetune.routing import load_route
from ragqa.finetune.routing.systems import Routed, compared, measure
from ragqa.finetune.semi import SemiOptions, semi_supervised

SHARES = (0.1, 0.25, 0.5, 1.0)
ARTICLES = 12
EPOCHS = 4
ASKED = SemiOptions(count=200, rounds=2)


def take_share(examples: Sequence[Example], share: float) -> list[Example]:
    """Return a share of each label's examples, one at least; a smaller share is a part of a larger one."""
    by_label: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        by_label[str(example.label)].append(example)
    return [one for found in by_label.values() for one in found[: ceil(share * len(found) - 1e-9)]]


def measure_share(library: Library, parts: Mapping[Split, list[Example]], share: float, home: Path) -> Row:
    """Return the row of one share of the labels."""
    labelled = take_share(parts["train"], share)
    prepared = write_prepared(home / f"prepared-{share}", {**parts, "train": labelled}, "route", 0)
    options = TrainOptions("all-MiniLM-L6-v2", epochs=EPOCHS)
    found = semi_supervised(prepared, options, library.settings, ASKED, lambda line: print(line, file=sys.stderr))
    without, last = _measure(found.rounds[0].model, parts), _measure(found.best.model, parts)
    tried = _measure(found.rounds[1].model, parts) if len(found.rounds) > 1 else last
    (apart,) = compared([last, without])
    return {
        "labels used": f"{share:.0%}",
        "labelled": len(labelled),
        "questions": len(parts["test"]),
        "labelled only": without.figures.macro_f1.mean,
        "first round": tried.figures.macro_f1.mean,
        "semi": last.figures.macro_f1.mean,
        "semi ahead by": f"{apart.difference.mean:+.3f} [{apart.difference.low:+.3f}, {apart.difference.high:+.3f}]",
        "best round": found.best.number,
        "generated": found.best.generated,
        "held-back losses": " ".join(f"{one.loss:.3f}" for one in found.rounds),
    }


def _measure(model: str, parts: Mapping[Split, list[Example]]) -> Routed:
    router = load_route(Path(model.removeprefix("classifier:")))
    asked, gold = [one.question for one in parts["test"]], [str(one.label) for one in parts["test"]]
    return measure(model, router, asked, gold)


def main(argv: Sequence[str] | None = None) -> None:
    given = parser(__doc__).parse_args(argv)
    documents, questions = collection("xquad-en")
    chosen = set(Random(0).sample(sorted({document.title for document in documents}), ARTICLES))
    documents = tuple(document for document in documents if document.title in chosen)
    names = {document.name for document in documents}
    parts = split(documents, [one for one in questions if names.issuperset(one.relevant or {})])
    with tempfile.TemporaryDirectory() as home, library_of(documents=documents) as library:
        rows = [measure_share(library, parts, share, Path(home)) for share in SHARES]
    report("semi", rows, data=["xquad-en"], keep=given.keep)


if __name__ == "__main__":
    main()
