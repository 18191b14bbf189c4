"""Compile a model: in several ways, each checked against the original; the fastest of those that pass is kept.

It runs in a process of its own (``apart.py``), because torch takes half a gigabyte. What a model computes, and how near
is near enough, is its caller's to say.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ragqa.models.compiled import Batch, CompiledRunner, import_openvino


@dataclass(frozen=True, slots=True)
class Trial:
    """How near one way to compute came to the original: 1 is the same."""

    choice: str
    mean: float
    worst: float
    passed: bool


def convert(module: Any, example: Batch) -> Any:
    """Return OpenVINO's form of a torch module that takes the arrays of ``example``. Raises Unconvertible."""
    import torch

    try:
        with torch.no_grad():
            return _converter()(module.eval(), example_input=tuple(torch.from_numpy(given) for given in example))
    except Exception as error:  # the converter raises what it likes
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise Unconvertible(lines[0][:160]) from error


class Unconvertible(Exception):
    """OpenVINO can't take this model; the message says why."""


def fastest(converted: Any, out: Path, tried: Callable[[CompiledRunner, str], Trial], sample: Batch) -> dict[str, Any]:
    """Write the fastest way to compute ``converted`` that passes into ``out``; return what is worth keeping of it.

    ``tried`` measures a runner of one choice; ``sample`` is a usual batch, to time it. Where none passes, 'choice' is
    None and 'reason' says why. Large tables of ``converted`` are shrunk in place.
    """
    openvino = import_openvino()
    trials: list[Trial] = []
    runners: dict[str, CompiledRunner] = {}
    _shrink_tables(converted)
    for choice in _choices(openvino, converted):
        if choice == "f32" and any(trial.passed for trial in trials):
            break  # never the fastest where there is another
        model = out / f"{choice}.xml"
        kind, _, group = choice.partition("-")
        shaped = converted.clone()
        if kind == "int8":
            _quantise(shaped, int(group))
        openvino.save_model(shaped, model, compress_to_fp16=True)
        runners[choice] = CompiledRunner(model, choice)
        trials.append(tried(runners[choice], choice))
    record: dict[str, Any] = {"choice": None, "trials": [asdict(trial) for trial in trials]}
    passed = [trial.choice for trial in trials if trial.passed]
    if passed:
        speeds = _speeds({choice: runners[choice] for choice in passed}, sample)
        record |= {"choice": max(passed, key=lambda choice: speeds[choice]), "tokens_per_second": speeds}
    else:
        best = max(trials, key=lambda trial: trial.worst)
        record["reason"] = f"compiled it strays from the original (worst {best.worst:.4f} of 1)"
    for suffix in (".xml", ".bin"):
        for trial in trials:
            file = out / f"{trial.choice}{suffix}"
            if trial.choice == record["choice"]:
                file.rename(out / f"model{suffix}")
            else:
                file.unlink()
    return record


def _converter() -> Any:
    """Return openvino's convert_model with its telemetry left out: it then takes the stub that it brings itself."""
    names = ("openvino_telemetry", "openvino_telemetry.backend")
    held = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    for name in names:
        sys.modules[name] = None  # type: ignore[assignment]  # the import system's word for 'not here'
    try:
        from openvino.tools.ovc import convert_model
    finally:
        for name in names:
            del sys.modules[name]
        sys.modules.update(held)
    return convert_model


def _choices(openvino: ModuleType, model: Any) -> list[str]:
    abilities = openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    widths = [int(weights.shape[1]) for _, weights in _products(model)]
    # The fewer groups the faster, the smaller the more exact; bench/LOG.md has what others gave. One group alone is
    # taken for something else by OpenVINO 2026.4, which then computes now this, now that.
    parted = [size for size in (192, 128, 64) if all(width % size == 0 and width > size for width in widths)]
    group = parted[0] if widths and parted else None
    return [*([f"int8-{group}"] if group else []), *(["bf16"] if "BF16" in abilities else []), "f32"]


def _products(model: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each matrix product with constant weights (outputs, inputs), and the constant."""
    for product in model.get_ordered_ops():
        if product.get_type_name() == "MatMul" and product.get_attributes().get("transpose_b"):
            source = product.input_value(1).get_node()
            while source.get_type_name() == "Convert":
                source = source.input_value(0).get_node()
            if source.get_type_name() == "Constant" and len(source.shape) == 2:
                yield product, source


def _attention_values(model: Any) -> set[str]:
    """Return the names of the products that make attention's values: their rounding costs the most by far."""
    names = set()
    for attention in model.get_ordered_ops():
        if attention.get_type_name() == "ScaledDotProductAttention":
            node = attention.input_value(2).get_node()
            while node.get_type_name() != "MatMul" and node.get_input_size():
                node = node.input_value(0).get_node()
            names.add(node.get_friendly_name())
    return names


def _quantise(model: Any, group: int) -> None:
    """Give matrix products 8-bit weights, with a scale and a zero point for each ``group`` of an output's inputs.

    With them OpenVINO quantises the other side while it runs, in the same groups, so there is nothing to calibrate
    and no length or language for which it was not calibrated.
    """
    from openvino import opset15 as ops

    exact = _attention_values(model)
    for product, constant in _products(model):
        if product.get_friendly_name() in exact:
            continue
        shape = tuple(constant.shape)
        weights = np.array(constant.data, np.float32).reshape(shape[0], -1, group)
        low = np.minimum(weights.min(axis=2, keepdims=True), 0)
        scale = np.maximum(np.maximum(weights.max(axis=2, keepdims=True), 0) - low, 1e-12) / 255
        zero = np.round(-low / scale)
        levels = np.clip(np.round(weights / scale) + zero, 0, 255).astype(np.uint8)
        centred = ops.subtract(
            ops.convert(ops.constant(levels), "f32"), ops.convert(ops.constant(zero.astype(np.uint8)), "f32")
        )
        whole = ops.reshape(ops.multiply(centred, ops.constant(scale)), ops.constant(np.array(shape, np.int64)), False)
        product.input(1).replace_source_output(whole.output(0))
    model.validate_nodes_and_infer_types()


LARGE_TABLE = 65_536
"""Rows of a word table from which it is kept in 8 bits: OpenVINO holds it in 32, most of a multilingual model."""


def _shrink_tables(model: Any) -> None:
    """Give large tables 8-bit rows with a scale each, and make numbers of them after a row was looked up."""
    from openvino import opset15 as ops

    for lookup in model.get_ordered_ops():
        if lookup.get_type_name() != "Gather":
            continue
        source = lookup.input_value(0).get_node()
        while source.get_type_name() == "Convert":
            source = source.input_value(0).get_node()
        if source.get_type_name() != "Constant" or len(source.shape) != 2 or source.shape[0] < LARGE_TABLE:
            continue
        rows = np.array(source.data, np.float32)
        scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-12) / 127
        ids, axis = lookup.input_value(1), lookup.input_value(2)
        levels = ops.gather(ops.constant(np.rint(rows / scale).astype(np.int8)), ids, axis)
        whole = ops.multiply(ops.convert(levels, "f32"), ops.gather(ops.constant(scale), ids, axis))
        for target in lookup.output(0).get_target_inputs():
            target.replace_source_output(whole.output(0))
    model.validate_nodes_and_infer_types()


def _speeds(runners: dict[str, CompiledRunner], sample: Batch) -> dict[str, int]:
    """Return each one's tokens per second: its best of ten rounds, in turns, so that a busy moment hits all alike."""
    best = dict.fromkeys(runners, 0.0)
    for _ in range(10 if len(runners) > 1 else 2):
        for choice, runner in runners.items():
            feed = [sample] * runner.streams
            started = time.perf_counter()
            runner.run(feed, lambda *_: None)
            tokens = sample[0].shape[-2] * sample[0].shape[-1] * len(feed)
            best[choice] = max(best[choice], tokens / (time.perf_counter() - started))
    return {choice: int(speed) for choice, speed in best.items()}


_ENGLISH = (
    "Hold the power key for three seconds until the ring turns green.",
    "E-07",
    "What does the blinking amber light mean?",
    "Before you replace the filter, close the inlet valve, switch the unit off at the wall and let it cool for "
    "twenty minutes. Lift the two latches at the back, slide the tray towards you and take the old cartridge out. "
    "Rinse the housing with lukewarm water; never use solvents, bleach or a dishwasher.",
    "Rated voltage | 230 V ~ 50 Hz\nPower | 1,850 W\nWater tank | 1.4 l\nNoise | 58 dB(A)\nWeight | 4.3 kg",
    "set output 'curve.png'; plot [0:10] sin(x)/x with lines title \"sinc\", '-' using 1:3 axes x1y2",
    "The warranty covers faults of material and workmanship for two years from the day of purchase.",
)
_CHINESE = (
    "长按电源键三秒，直到指示灯变为绿色。",
    "更换滤芯之前，请先关闭进水阀，拔下电源插头，并等待二十分钟让机器冷却。",
    "錯誤代碼 E-07：水箱沒有放好，請重新安裝後再試。",
    "额定电压 | 220 V ~ 50 Hz\n额定功率 | 1850 W\n水箱容量 | 1.4 升",
)
_MIXED = ("按下 RESET 按钮 (back panel) 后，LED 会闪烁 3 次 — see section 4.2.", "")
CHECK_TEXTS = (
    *_ENGLISH,
    *_CHINESE,
    *_MIXED,
    " ".join(_ENGLISH),
    "".join(_CHINESE),
    " ".join((*_ENGLISH, *_CHINESE, *_MIXED)),
    " ".join(_ENGLISH[::-1]) * 3,
    "\n".join((*_CHINESE[::-1], *_ENGLISH[3:])) * 2,
)
