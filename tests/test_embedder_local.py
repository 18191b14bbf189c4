"""Local models, compiled: sentence-transformers is the oracle of every vector, and of the windows too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragqa.embedders import Embedder, open_embedder
from ragqa.embedders.folders import find_model
from ragqa.errors import ModelError
from tests.conftest import compiling_here

TEXTS = [
    "Press the green button. Then wait for ten seconds until the pump stops.",
    "长按电源键三秒，直到指示灯变为绿色。然后松开。",
    "Error E-07 | water tank missing\nError E-08 | 过热 overheated",
    "ok",
    "",
    "Take the filter out and rinse it with lukewarm water; never use solvents. " * 60,
]


def spans_of(text: str) -> list[tuple[int, int]]:
    """Return thirds of the text, one span inside a word, one of a blank, and one past the end of any model."""
    third = len(text) // 3
    return [(0, third), (third, 2 * third), (2 * third, len(text)), (1, 3), (len(text) - 1, len(text))] if third else []


@pytest.fixture(scope="module")
def bundled() -> Embedder:
    return open_embedder()


@pytest.fixture(scope="module")
def original() -> Any:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(find_model("all-MiniLM-L6-v2").path), device="cpu", local_files_only=True)


def test_the_bundled_model_says_what_it_is(bundled: Embedder) -> None:
    assert (bundled.spec, bundled.dim, bundled.max_tokens) == ("local:all-MiniLM-L6-v2", 384, 254)
    assert bundled.revision == "53aa51172d142c89"


def test_compiled_vectors_are_those_of_sentence_transformers(bundled: Embedder, original: Any) -> None:
    expected = original.encode(TEXTS, normalize_embeddings=True)
    passages = np.stack([one.vector for one in bundled.embed_passages(TEXTS, [[]] * len(TEXTS))])
    for got in (passages, bundled.embed_queries(TEXTS), np.concatenate([bundled.embed_queries([t]) for t in TEXTS])):
        assert (got * expected).sum(axis=1).min() >= 0.995
        np.testing.assert_allclose(np.linalg.norm(got, axis=1), 1, atol=1e-5)


def test_windows_average_the_originals_token_states(bundled: Embedder, original: Any) -> None:
    windows = [spans_of(text) for text in TEXTS]
    embedded = bundled.embed_passages(TEXTS, windows)
    states = original.encode(TEXTS, output_value="token_embeddings")
    for text, spans, one, tokens in zip(TEXTS, windows, embedded, states, strict=True):
        offsets = original.tokenizer(text, return_offsets_mapping=True, truncation=True)["offset_mapping"]
        assert one.windows.shape == (len(spans), 384)
        for (begin, end), window in zip(spans, one.windows, strict=True):
            touching = [at for at, (b, e) in enumerate(offsets) if e > b and b < end and e > begin]
            if not touching:  # past the cut, or a blank
                np.testing.assert_array_equal(window, one.vector)
                continue
            mean = np.asarray(tokens)[touching].mean(axis=0)
            assert window @ mean / np.linalg.norm(mean) >= 0.993


def test_hundreds_of_texts_keep_their_order(bundled: Embedder) -> None:
    words = ["valve", "pump", "filter", "clock", "screen", "battery", "door"]
    texts = [" ".join(words[: 1 + number % 7][::-1]) for number in range(600)]
    seven = bundled.embed_queries(texts[:7])
    got = bundled.embed_queries(texts)
    nearest = (got @ seven.T).argmax(axis=1)
    np.testing.assert_array_equal(nearest, np.arange(600) % 7)


def test_four_threads_get_the_same_vectors(bundled: Embedder) -> None:
    windows = [spans_of(text) for text in TEXTS]
    expected = bundled.embed_passages(TEXTS, windows)
    with ThreadPoolExecutor(4) as pool:
        for got in pool.map(lambda _: bundled.embed_passages(TEXTS, windows), range(8)):
            for one, other in zip(got, expected, strict=True):
                np.testing.assert_allclose(one.vector, other.vector, atol=1e-5)
                np.testing.assert_allclose(one.windows, other.windows, atol=1e-5)


def test_token_counts_are_the_models_own(bundled: Embedder, original: Any) -> None:
    expected = [len(original.tokenizer.tokenize(text)) for text in TEXTS]
    assert bundled.count_tokens(TEXTS) == expected
    assert bundled.count_tokens([]) == []


def test_vocabulary_coverage_is_the_share_of_known_tokens(bundled: Embedder) -> None:
    assert bundled.vocabulary_coverage("press the key") == 1
    assert bundled.vocabulary_coverage("") == 1
    assert bundled.vocabulary_coverage("长按电源键三秒") < 0.5


def test_half_a_surrogate_pair_is_read_as_an_unknown_character(bundled: Embedder) -> None:
    assert np.isfinite(bundled.embed_queries(["what is \udce4?"])).all()
    assert bundled.count_tokens(["\udce4"]) == bundled.count_tokens(["?"])


def run_python(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | env,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def test_asking_imports_neither_torch_nor_telemetry_and_opens_no_socket(bundled: Embedder) -> None:
    bundled.embed_queries(["compiled by now"])
    done = run_python(
        "import socket, sys\n"
        "def forbidden(*a, **k): raise SystemExit('a socket was opened')\n"
        "socket.socket.connect = socket.getaddrinfo = forbidden\n"
        "from ragqa.embedders import open_embedder\n"
        "e = open_embedder(); e.count_tokens(['a']); e.warm(); e.embed_passages(['a b'], [[(0, 1)]])\n"
        "heavy = 'torch transformers sentence_transformers openai openvino_telemetry openvino.tools.ovc'\n"
        "print([name for name in heavy.split() if name in sys.modules])\n"
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize("moment", [0.05, 0.1, 0.15])
def test_a_process_may_end_while_a_thread_loads_the_model(bundled: Embedder, moment: float) -> None:
    bundled.embed_queries(["compiled by now"])
    done = run_python(
        "import threading, time\n"
        "from ragqa.embedders import open_embedder\n"
        "threading.Thread(target=open_embedder().warm, daemon=True).start()\n"
        f"time.sleep({moment})\n"
    )
    assert (done.returncode, done.stderr) == (0, "")


# --- models made here ------------------------------------------------------------------------------------------------

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", ":", "query", "passage", *"abcdefghijklmnopqrstuvwxyz"]
VOCABULARY += [f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


def make_model(folder: Path, pooling: str, *, dense: bool = False, prompts: dict[str, str] | None = None) -> Path:
    """Save a tiny BERT with random weights as a sentence-transformers folder."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(7)
    bert = folder.with_suffix(".bert")
    bert.mkdir()
    (bert / "vocab.txt").write_text("\n".join(VOCABULARY))
    config = BertConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=128,
        max_position_embeddings=64,
        initializer_range=0.3,
    )
    BertModel(config).save_pretrained(bert)
    BertTokenizerFast(vocab=str(bert / "vocab.txt"), model_max_length=64).save_pretrained(bert)
    parts = [modules.Transformer(str(bert)), modules.Pooling(64, pooling_mode=pooling)]
    if dense:
        parts.append(modules.Dense(64, 24))
    model = SentenceTransformer(modules=[*parts, modules.Normalize()], device="cpu", prompts=prompts)
    model.save(str(folder))
    return folder


LETTERS = ["abc def", "the quick brown fox", "zz " * 200, "q", "passage query abc"]


@pytest.mark.parametrize("pooling", ["cls", "max"])  # the bundled model takes the mean
def test_any_model_folder_is_compiled_and_pooled_as_it_asks(
    pooling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sentence_transformers import SentenceTransformer

    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    folder = make_model(tmp_path / "tiny", pooling, prompts={"query": "query: ", "document": "passage: "})
    said: list[str] = []
    embedder = open_embedder(f"local:{folder}", progress=said.append)
    assert (embedder.dim, embedder.max_tokens) == (64, 60)  # 64 less [CLS], [SEP] and 'passage:'
    oracle = SentenceTransformer(str(folder), device="cpu")
    with compiling_here():
        passages = np.stack([one.vector for one in embedder.embed_passages(LETTERS, [[]] * len(LETTERS))])
    assert (passages * oracle.encode(LETTERS, prompt="passage: ")).sum(axis=1).min() >= 0.99
    assert (embedder.embed_queries(LETTERS) * oracle.encode(LETTERS, prompt="query: ")).sum(axis=1).min() >= 0.99
    (record,) = (tmp_path / "cache/models").glob("*/record.json")
    assert json.loads(record.read_text())["choice"]
    assert said == ["compiling tiny for this machine (once, about 20 s)"]


def test_a_model_with_a_dense_layer_runs_on_torch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import SentenceTransformer

    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    folder = make_model(tmp_path / "tiny", "mean", dense=True)
    embedder = open_embedder(f"local:{folder}")
    embedded = embedder.embed_passages(LETTERS, [[(0, 3)]] * len(LETTERS))
    expected = SentenceTransformer(str(folder), device="cpu").encode(LETTERS)
    np.testing.assert_allclose(np.stack([one.vector for one in embedded]), expected, atol=1e-5)
    assert embedder.dim == 24
    assert {one.windows.shape for one in embedded} == {(1, 24)}
    assert not (tmp_path / "cache/models").exists()


def test_windows_do_not_see_the_prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sentence_transformers import SentenceTransformer

    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    folder = make_model(tmp_path / "tiny", "mean", dense=True, prompts={"passage": "passage: "})
    text, span = "abc defg hij", (4, 8)
    (one,) = open_embedder(f"local:{folder}").embed_passages([text], [[span]])
    oracle = SentenceTransformer(str(folder), device="cpu")
    prefixed = "passage: " + text
    offsets = oracle.tokenizer(prefixed, return_offsets_mapping=True)["offset_mapping"]
    begin, end = (at + len("passage: ") for at in span)
    inside = [at for at, (b, e) in enumerate(offsets) if e > b and b < end and e > begin]
    states = oracle.encode(prefixed, output_value="token_embeddings", convert_to_tensor=True)
    pooled = {"sentence_embedding": states[inside].mean(dim=0, keepdim=True)}
    expected = oracle[3](oracle[2](pooled))["sentence_embedding"][0].detach().numpy()
    np.testing.assert_allclose(one.windows[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("intfloat/multilingual-e5-small", "query: ", "passage: "),
        ("BAAI/bge-small-en-v1.5", "Represent this sentence for searching relevant passages: ", ""),
        ("BAAI/bge-large-zh-v1.5", "为这个句子生成表示以用于检索相关文章：", ""),
        ("BAAI/bge-m3", "", ""),
        ("sentence-transformers/all-mpnet-base-v2", "", ""),
    ],
)
def test_models_that_need_prefixes_get_them_by_name(name: str, query: str, passage: str, tmp_path: Path) -> None:
    folder = tmp_path / name.replace("/", "_")
    folder.mkdir()
    (folder / "config.json").write_text('{"hidden_size": 8}')
    (folder / "model.safetensors").write_bytes(b"")
    found = find_model(str(folder))
    assert (found.query_prefix, found.passage_prefix) == (query, passage)


def test_a_revision_follows_the_weights_and_the_pooling(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text('{"hidden_size": 8}')
    seen = set()
    for weights in (b"one", b"other"):
        (folder / "model.safetensors").write_bytes(weights)
        seen.add(find_model(str(folder)).revision)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": false}')
    kinds = [{"type": "sentence_transformers.models.Transformer", "path": ""}]
    kinds.append({"type": "sentence_transformers.models.Pooling", "path": "1_Pooling"})
    (folder / "modules.json").write_text(json.dumps(kinds))
    seen.add(find_model(str(folder)).revision)
    assert len(seen) == 3


@pytest.mark.parametrize("spec", ["minilm", "ollama:x", "local:", ":x", "local", "openai:"])
def test_an_unknown_spec_names_the_forms(spec: str) -> None:
    with pytest.raises(ModelError, match=r"local:MODEL .* openai:MODEL"):
        open_embedder(spec)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is none"):
        open_embedder(f"local:{tmp_path}/nowhere")


def test_an_unreachable_hub_model_says_what_to_do(tmp_path: Path) -> None:
    # A process of its own, because the hub's client reads its settings when it is imported.
    done = run_python(
        "from ragqa.embedders import open_embedder\n"
        "try: open_embedder('local:someone/no-such-model')\n"
        "except Exception as error: print(type(error).__name__, error)\n",
        HF_HUB_OFFLINE="1",
        HF_HOME=str(tmp_path),
    )
    assert done.stdout.startswith("ModelError local:someone/no-such-model is neither a folder nor")
    assert done.stdout.count("\n") == 1


def test_weights_that_could_run_code_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"hidden_size": 8}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(ModelError, match="safetensors"):
        open_embedder(f"local:{tmp_path}")


def test_a_cache_that_cant_be_written_names_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setattr("ragqa.embedders.local._OPEN", {})
    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "file"))
    with pytest.raises(ModelError, match="set RAGQA_CACHE"):
        open_embedder().warm()


def test_a_killed_compile_leaves_nothing_half_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAGQA_CACHE", str(tmp_path / "cache"))
    folder = make_model(tmp_path / "tiny", "mean")
    code = f"from ragqa.embedders import open_embedder; open_embedder('local:{folder}').warm()"
    process = subprocess.Popen([sys.executable, "-c", code], start_new_session=True)
    models = tmp_path / "cache/models"
    while not list(models.glob("*.part-*")):
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not list(models.glob("*/record.json"))
    with compiling_here():
        assert open_embedder(f"local:{folder}").embed_queries(["abc"]).shape == (1, 64)
    assert not list(models.glob("*.part-*"))


def test_compiling_asks_nobody_anything(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "tiny", "mean")
    done = run_python(
        "import socket, sys\n"
        "def forbidden(*a, **k): raise SystemExit('a socket was opened')\n"
        "socket.socket.connect = socket.getaddrinfo = forbidden\n"
        "from pathlib import Path\n"
        "from ragqa.embedders.compile import build\n"
        f"record = build({str(folder)!r}, Path({str(tmp_path)!r}))\n"
        "print(bool(record['choice']), 'openvino_telemetry' in sys.modules)\n",
        RAGQA_CACHE=str(tmp_path / "cache"),
    )
    assert done.stdout.strip() == "True False", done.stderr
