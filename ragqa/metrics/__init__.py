"""Measures of retrieval, answers, cuts and refusals: pure functions. Knows nothing of data sets or systems."""

from __future__ import annotations

from ragqa.metrics.answers import answer_recall, answer_tokens, exact_match, token_f1
from ragqa.metrics.classes import (
    ClassFigures,
    Routing,
    accuracy,
    class_figures,
    confusion_matrix,
    macro_f1,
    macro_f1_difference,
    routing_intervals,
)
from ragqa.metrics.consistency import consistency
from ragqa.metrics.intervals import (
    Difference,
    Interval,
    auroc_interval,
    mean_interval,
    mean_intervals,
    paired_difference,
    risk_coverage_area_interval,
    statistic_interval,
)
from ragqa.metrics.language import cross_entropy, perplexity
from ragqa.metrics.ranking import (
    average_precision,
    hit,
    ndcg,
    page_hit,
    page_recall,
    page_reciprocal_rank,
    precision,
    ranked,
    recall,
    reciprocal_rank,
)
from ragqa.metrics.refusing import auroc, risk_coverage, risk_coverage_area
from ragqa.metrics.rouge import rouge_l
from ragqa.metrics.spans import span_iou, span_precision, span_recall

__all__ = [
    "ClassFigures",
    "Difference",
    "Interval",
    "Routing",
    "accuracy",
    "answer_recall",
    "answer_tokens",
    "auroc",
    "auroc_interval",
    "average_precision",
    "class_figures",
    "confusion_matrix",
    "consistency",
    "cross_entropy",
    "exact_match",
    "hit",
    "macro_f1",
    "macro_f1_difference",
    "mean_interval",
    "mean_intervals",
    "ndcg",
    "page_hit",
    "page_recall",
    "page_reciprocal_rank",
    "paired_difference",
    "perplexity",
    "precision",
    "ranked",
    "recall",
    "reciprocal_rank",
    "risk_coverage",
    "risk_coverage_area",
    "risk_coverage_area_interval",
    "rouge_l",
    "routing_intervals",
    "span_iou",
    "span_precision",
    "span_recall",
    "statistic_interval",
    "token_f1",
]
