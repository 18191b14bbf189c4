"""Build a compiled model: convert, quantise, check against sentence-transformers, time, keep the fastest that passes.

The work is done by a process of its own (``python -m ragqa.embedders.compile MODEL FOLDER``), because torch takes half
a gigabyte; it writes into FOLDER and nowhere else. Torch is imported by that process only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ragqa.embedders.compiled import FORMAT, RECORD, CompiledRunner, import_openvino, read_record
from ragqa.embedders.eager import load_original
from ragqa.embedders.folders import ModelFolder, Progress, cache_folder, find_model, verify_bundled
from ragqa.embedders.local import LocalEmbedder
from ragqa.errors import ModelError

MEAN_COSINE = 0.998
WORST_COSINE = 0.995
"""What a way to compute must reach against sentence-transformers, over ``CHECK_TEXTS``, to be trusted."""

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


@dataclass(frozen=True, slots=True)
class Trial:
    """What one way to compute reached against the original."""

    choice: str
    cosine_mean: float
    cosine_worst: float
    passed: bool


def compile_apart(folder: ModelFolder, home: Path, progress: Progress | None) -> dict[str, Any]:
    """Compile in another process, so that torch never enters this one, and move the result into place at once."""
    from filelock import FileLock

    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f"{home}.lock"):
            record = read_record(home)  # another process may have been first
            if record is not None:
                return record
            for stale in home.parent.glob(f"{home.name}.part-*"):
                shutil.rmtree(stale, ignore_errors=True)
            verify_bundled(folder)
            if progress:
                progress(f"compiling {folder.name} for this machine (once, about 20 s)")
            part = Path(tempfile.mkdtemp(prefix=f"{home.name}.part-", dir=home.parent))
            try:
                record = _start(folder, part)
                shutil.rmtree(home, ignore_errors=True)
                part.replace(home)
            finally:
                shutil.rmtree(part, ignore_errors=True)
            return record
    except OSError as error:
        raise ModelError(
            f"the cache folder {cache_folder()} should take compiled models; it can't be written "
            f"({error.strerror or error}): set RAGQA_CACHE to a folder that can"
        ) from error


def _start(folder: ModelFolder, part: Path) -> dict[str, Any]:
    paths = os.pathsep.join(entry for entry in sys.path if entry)
    # The child finds what this process found, uses no GPU and asks nobody anything.
    env = os.environ | {"PYTHONPATH": paths, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "ragqa.embedders.compile", folder.spec.removeprefix("local:"), str(part)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, encoding="utf-8", errors="replace")
    record = read_record(part)
    if record is None:
        last = [line for line in done.stderr.splitlines() if line.strip()] or ["no message"]
        raise ModelError(f"{folder.spec} could not be compiled (exit {done.returncode}): {last[-1].strip()[:300]}")
    return record


def build(folder: ModelFolder, out: Path) -> dict[str, Any]:
    """Write the compiled model and its record into ``out``, and return the record; its choice is None on failure."""
    started = time.perf_counter()
    openvino = import_openvino()
    record: dict[str, Any] = {"format": FORMAT, "model": folder.name, "revision": folder.revision, "choice": None}
    record["openvino"] = openvino.get_version()
    oracle = load_original(folder, "cpu")
    if not (folder.transformer / "tokenizer.json").is_file():
        oracle.tokenizer.backend_tokenizer.save(str(out / "tokenizer.json"))
    sample = np.resize(oracle.tokenizer(" ".join(_ENGLISH))["input_ids"], (16, min(128, folder.max_length)))
    expected = oracle.encode(list(CHECK_TEXTS), prompt=folder.passage_prefix, normalize_embeddings=True, batch_size=4)
    try:
        converted = _convert(oracle)
    except Exception as error:  # the converter raises what it likes
        lines = str(error).strip().splitlines() or [type(error).__name__]
        return record | {"reason": f"its {type(oracle[0].model).__name__} can't be converted ({lines[0][:160]})"}
    del oracle
    trials: list[Trial] = []
    runners: dict[str, CompiledRunner] = {}
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
        trials.append(_try(LocalEmbedder(folder, runner=runners[choice], made=out), choice, expected))
    record["trials"] = [asdict(trial) for trial in trials]
    passed = [trial.choice for trial in trials if trial.passed]
    if passed:
        speeds = _speeds({choice: runners[choice] for choice in passed}, sample)
        record |= {"choice": max(passed, key=lambda choice: speeds[choice]), "tokens_per_second": speeds}
    else:
        best = max(trials, key=lambda trial: trial.cosine_worst)
        record["reason"] = f"compiled it strays from the original (worst cosine {best.cosine_worst:.4f})"
    for suffix in (".xml", ".bin"):
        for trial in trials:
            file = out / f"{trial.choice}{suffix}"
            if trial.choice == record["choice"]:
                file.rename(out / f"model{suffix}")
            else:
                file.unlink()
    return record | {"seconds": round(time.perf_counter() - started, 1)}


def _convert(oracle: Any) -> Any:
    """Return OpenVINO's form of the transformer: ids and mask in, token states out."""
    import torch

    transformer = oracle[0].model

    class States(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.transformer = transformer

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            return self.transformer(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state

    # Two lengths, because a mask that is whole might be traced as no mask at all.
    example = oracle.tokenizer([_ENGLISH[0], _CHINESE[0] * 2], padding=True, truncation=True, return_tensors="pt")
    with torch.no_grad():
        return _converter()(States(), example_input=(example["input_ids"], example["attention_mask"]))


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
    # The fewer groups the faster, the smaller the more exact; bench/LOG.md has what others gave.
    group = next((size for size in (192, 128, 64) if widths and all(width % size == 0 for width in widths)), None)
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


def _try(embedder: LocalEmbedder, choice: str, expected: np.ndarray) -> Trial:
    got = np.stack([one.vector for one in embedder.embed_passages(CHECK_TEXTS, [()] * len(CHECK_TEXTS))])
    cosines = (got * expected).sum(axis=1)
    mean, worst = float(cosines.mean()), float(cosines.min())
    return Trial(choice, round(mean, 6), round(worst, 6), mean >= MEAN_COSINE and worst >= WORST_COSINE)


def _speeds(runners: dict[str, CompiledRunner], ids: np.ndarray) -> dict[str, int]:
    """Return each one's tokens per second: its best of ten rounds, in turns, so that a busy moment hits all alike."""
    best = dict.fromkeys(runners, 0.0)
    for _ in range(10 if len(runners) > 1 else 2):
        for choice, runner in runners.items():
            feed = [(ids, np.ones_like(ids))] * runner.streams
            started = time.perf_counter()
            runner.run(feed, lambda number, states: None)
            best[choice] = max(best[choice], ids.size * len(feed) / (time.perf_counter() - started))
    return {choice: int(speed) for choice, speed in best.items()}


def main() -> None:
    """Build the model that the first argument names into the folder that the second one names."""
    name, out = sys.argv[1], Path(sys.argv[2])
    record = build(find_model(name), out)
    (out / RECORD).write_text(json.dumps(record, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
