"""Semi-supervised training: few labelled questions, and a library's text from which more are generated.

``pseudo``: questions generated and kept by round trip. ``rounds``: self-training. ``training``: all of it in one call.
``curve``: what the unlabelled side adds at each share of the labels.
"""

from ragqa.finetune.semi.curve import Curve, CurveOptions, measure_curve, percents_of
from ragqa.finetune.semi.learner import with_train
from ragqa.finetune.semi.pseudo import SemiOptions, consistent, trusted, unasked
from ragqa.finetune.semi.rounds import FEWEST, SelfTrained, Taught, self_train
from ragqa.finetune.semi.training import semi_supervised

__all__ = [
    "FEWEST",
    "Curve",
    "CurveOptions",
    "SelfTrained",
    "SemiOptions",
    "Taught",
    "consistent",
    "measure_curve",
    "percents_of",
    "self_train",
    "semi_supervised",
    "trusted",
    "unasked",
    "with_train",
]
