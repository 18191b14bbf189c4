"""How a model ranks the answers of preference pairs, and a reward model on what it sees of them. Trains no model."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragqa.finetune.local.starts import read_start
from ragqa.finetune.preference_pairs import Texts
from ragqa.metrics import Difference, mean_interval, paired_difference

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Read:
    """An answer as a model reads it after its prompt."""

    log_probability: float
    """log p(answer and end | prompt), in nats, the sum over tokens as in DPO."""
    state: Floats
    """The last hidden state at the end token, (width,)."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far scores agree with what people prefer. A score is a model's log-probability, or a reward."""

    pairs: int
    share: float
    """Of the pairs: the chosen answer has the higher score."""
    low: float
    high: float
    """The 95 % bootstrap interval of the share."""
    mean: float
    """Score of the chosen answer less that of the rejected one, the mean."""
    margins: tuple[float, ...]
    """The same of each pair."""


def agreement_of(margins: Sequence[float]) -> Agreement | None:
    """Return how far scores agree with the pairs whose ``margins`` are given; None without pairs."""
    if not len(margins):
        return None
    share = mean_interval([float(one > 0) for one in margins])
    rounded = tuple(round(float(one), 4) for one in margins)
    return Agreement(len(rounded), share.mean, share.low, share.high, round(sum(rounded) / len(rounded), 4), rounded)


def gain(before: Agreement | None, after: Agreement | None) -> Difference | None:
    """Return by how much the share rose on the same pairs, with its paired interval; None without pairs."""
    if before is None or after is None:
        return None
    right, was = ([float(one > 0) for one in held.margins] for held in (after, before))
    return paired_difference(right, was)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A pair in token ids: what both sequences begin with, and how each goes on, the prompt's last token first."""

    shared: tuple[int, ...]
    rests: tuple[tuple[int, ...], tuple[int, ...]]
    unscored: int
    """Tokens of a rest, after its first, that still belong to the prompt."""

    @property
    def length(self) -> int:
        """Return the tokens of the longer sequence."""
        return len(self.shared) + max(map(len, self.rests))


def encode(tokenizer: Any, pair: Texts) -> Encoded:
    """Return a pair in token ids; each answer is followed by the end."""
    asked = len(tokenizer(pair.prompt, verbose=False)["input_ids"])
    chosen, rejected = (
        tokenizer(pair.prompt + answer + tokenizer.eos_token, verbose=False)["input_ids"]
        for answer in (pair.chosen, pair.rejected)
    )
    alike = next((at for at, (one, other) in enumerate(zip(chosen, rejected, strict=False)) if one != other), asked)
    begin = max(min(alike, asked) - 1, 0)
    return Encoded(tuple(chosen[:begin]), (tuple(chosen[begin:]), tuple(rejected[begin:])), max(asked - 1 - begin, 0))


def score(model: Any, pair: Encoded, answers: int = 2) -> list[tuple[Any, Any]]:
    """Return log p of each answer's tokens, (tokens,), and the last hidden state at its end, (width,), as tensors.

    With ``answers`` 1, of the chosen one alone. The prompt is computed once for both, gradients included: about half of
    the work of two sequences where it is long.
    """
    import torch

    start = torch.tensor([pair.shared], dtype=torch.long, device=model.device)
    name, past = read_start(model, start)
    found = []
    for rest in pair.rests[:answers]:
        held = copy.copy(past)
        held.layers = [copy.copy(layer) for layer in past.layers]
        ids = torch.tensor([rest], device=model.device)
        out = model(input_ids=ids, use_cache=True, output_hidden_states=True, **{name: held})
        told = out.logits[0, :-1].float().log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
        found.append((told[pair.unscored :], out.hidden_states[-1][0, -1]))
    return found


def read_pairs(model: Any, pairs: Sequence[Encoded]) -> list[tuple[Read, Read]]:
    """Return both answers of each pair as ``model`` reads them, the chosen one first."""
    import torch

    model.eval()
    found = []
    with torch.inference_mode():
        for pair in pairs:
            chosen, rejected = (
                Read(float(told.sum()), state.double().cpu().numpy()) for told, state in score(model, pair)
            )
            found.append((chosen, rejected))
    return found


def margins_of(read: Sequence[tuple[Read, Read]]) -> list[float]:
    """Return log p(chosen) - log p(rejected) of each pair, in nats."""
    return [chosen.log_probability - rejected.log_probability for chosen, rejected in read]


PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0)
"""L2 penalties that are tried for the reward model."""

FOLDS = 5


@dataclass(frozen=True, slots=True)
class RewardModel:
    """A linear head on a model's last hidden state: reward = weights · state, the higher the better."""

    weights: Floats

    def margins(self, read: Sequence[tuple[Read, Read]]) -> list[float]:
        """Return the reward of the chosen answer less that of the rejected one, a number a pair."""
        return [float(self.weights @ (chosen.state - rejected.state)) for chosen, rejected in read]


def fit_reward_model(read: Sequence[tuple[Read, Read]], seed: int = 0) -> RewardModel:
    """Return the reward model of these pairs, by the likelihood of Bradley & Terry 1952 with an L2 penalty.

    The penalty is the one of ``PENALTIES`` under which pairs left out (five folds) are the likeliest. ``read`` holds
    two pairs or more.
    """
    apart = np.stack([chosen.state - rejected.state for chosen, rejected in read])
    scale = float(np.sqrt((apart**2).sum(axis=1).mean())) or 1.0
    apart = apart / scale
    folds = np.random.default_rng(seed).permutation(len(apart)) % min(FOLDS, len(apart))

    def left_out_loss(penalty: float) -> float:
        losses = []
        for fold in range(int(folds.max()) + 1):
            weights = _bradley_terry(apart[folds != fold], penalty)
            losses.extend(np.logaddexp(0.0, -(apart[folds == fold] @ weights)))
        return float(np.mean(losses))

    return RewardModel(_bradley_terry(apart, min(PENALTIES, key=left_out_loss)) / scale)


def _bradley_terry(apart: Floats, penalty: float) -> Floats:
    """Return the weights that minimise mean log(1 + exp(-apart · weights)) + penalty / 2 · |weights|², by Newton.

    It is solved among the pairs rather than the dimensions, of which there are more: weights = apartᵀ · shares.
    """
    kernel = apart @ apart.T
    count = len(apart)
    shares = np.zeros(count)
    for _ in range(50):
        wrong = np.exp(-np.logaddexp(0.0, kernel @ shares))
        slope = penalty * shares - wrong / count
        bend = penalty * np.eye(count) + (wrong * (1 - wrong) / count)[:, None] * kernel
        step = np.linalg.solve(bend, slope)
        shares = shares - step
        if np.abs(step).max() < 1e-8 * (1 + np.abs(shares).max()):
            break
    return np.asarray(apart.T @ shares, np.float64)
