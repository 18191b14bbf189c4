"""Nothing untrusted reaches a terminal as anything but text: whatever command prints it, and wherever it came from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

from ragqa.cli import stopped
from ragqa.cli.output import note, print_json, say
from ragqa.cli.streams import cleaned_streams
from ragqa.errors import RagqaError
from ragqa.printable import printable, printable_json, printable_line, printable_name
from tests.conftest import Run, clean_environment
from tests.servers.chat import fails, says, serving

EVIL = "\x1b[31m\x1b]0;owned\x07\x9b2J\u202e\u2066\u200b\u2028\x85\x7f\U000e0041"
NAME = f"pu{EVIL}mp\n[red].md"
TEXT = f"# Pump {EVIL} care\n\nClean the {EVIL} filter of the pump every 30 days.\n\n" + "Wipe the housing dry. " * 40


def unseen(text: str) -> list[str]:
    """The characters of ``text`` that a terminal obeys or does not show; line ends and tabs are its layout."""
    return [c for c in text if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


def test_a_name_shows_what_is_hidden_in_it_and_text_goes_without() -> None:
    assert printable_name("a\x1b[1m\n\u202eb\u200d.md") == r"a\x1b[1m\n\u202eb\u200d.md"
    assert printable_line(" a \n b\udc80\x85") == r"a b\x80"
    assert printable("a\x1b[1m\u202eb\u2028c\td\r\n") == "a[1mb\nc\td\n"
    assert unseen(printable(EVIL) + printable_name(EVIL)) == []


@pytest.mark.parametrize("text", ["plain", "Pumpenübersicht 手册 – “½” ❤️ 👩‍🔧", "می‌خواهم", "葛󠄀"])
def test_ordinary_text_of_any_language_is_left_alone(text: str) -> None:
    assert printable(text) == text


def test_json_keeps_every_value_and_shows_no_control(capsys: pytest.CaptureFixture[str]) -> None:
    value = {EVIL: [EVIL, "手册", "\udc80", 1]}
    document = json.dumps(value, ensure_ascii=False)
    assert json.loads(printable_json(document)) == value
    with cleaned_streams():
        print_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value and unseen(out) == [] and "手册" in out


def test_an_error_is_one_clean_line_for_whoever_shows_it() -> None:
    error = str(RagqaError(f"expected a manual; got {NAME}"))
    assert unseen(error) == [] and "\n" not in error and r"\x1b" in error


def test_what_a_library_prints_past_us_is_cleaned_too(capsys: pytest.CaptureFixture[str]) -> None:
    with cleaned_streams():
        print(EVIL)
        print(EVIL, file=sys.stderr)
        say(NAME)
        note(NAME)
    said = capsys.readouterr()
    assert unseen(said.out + said.err) == []
    assert (said.out + said.err).count("[red].md\n") == 2 and "mp\n" not in said.out


COMMANDS = (
    ("list",),
    ("list", "--json"),
    ("show", NAME),
    ("show", NAME, "--json"),
    ("show", NAME + "x"),
    ("show", NAME, "--page", "2"),
    ("search", "filter"),
    ("search", "filter", "--json"),
    ("ask", "How often is the filter cleaned?", "--threshold", "0"),
    ("ask", "How often is the filter cleaned?", "--threshold", "0", "--json"),
    ("ask", "How often?", "--threshold", "1"),
    ("ask", "How often?", "--answerer", EVIL),
    ("ask", "How often?", "--mode", EVIL),
    ("ask", "How often?", "-d", EVIL),
    ("info",),
    ("info", "--index", f"a{EVIL}"),
    ("verify",),
    ("feedback", "answers"),
    ("feedback", "answers", "--json"),
    ("feedback", "good"),
    ("feedback", "list"),
    ("bench", "questions", "-c", "2"),
    ("bench", "retrieval", EVIL),
    ("bench", "retrieval", "--mode", EVIL),
    ("finetune", "status", EVIL),
    ("finetune", "create", EVIL),
    ("finetune", "prepare", EVIL),
    ("compare", "--questions", EVIL),
    ("export", ""),
    ("export", "a\udcff"),
    ("show", "a\udcff"),
    ("export", f"no{EVIL}/out.ragqa"),
    ("import", f"{EVIL}.ragqa"),
    ("ingest", f"no{EVIL}.pdf"),
    (EVIL,),
    ("list", f"--{EVIL}"),
    ("search", "x", "-k", EVIL),
    ("remove", NAME),
)


def test_no_command_lets_a_hostile_name_or_text_through(home: Path, ragqa: Run) -> None:
    (home / NAME).write_text(TEXT, encoding="utf-8")
    ran = ragqa("ingest", ".")
    assert ran.code == 0 and unseen(ran.out + ran.err) == [] and ran.out.count("\n") == 1
    for words in COMMANDS:
        ran = ragqa(*words)
        assert unseen(ran.out + ran.err) == [], words
        assert "Traceback" not in ran.err and "should not happen" not in ran.err, (words, ran.err)


def test_neither_a_server_nor_a_model_reaches_the_terminal(
    home: Path, ragqa: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "pump.md").write_text(TEXT.replace(EVIL, ""), encoding="utf-8")
    ragqa("ingest", "pump.md")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    words = ("ask", "How often is the filter cleaned?", "--answerer", "openai:m")
    answer = f"Every {EVIL} 30 days {EVIL}[1]. ![x](http://x.example/?q=secret)"
    with serving(says(answer, pieces=len(answer)), fails(400, EVIL)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        told, failed = ragqa(*words), ragqa(*words)
    assert told.code == 0 and "30 days" in told.out and "owned" not in told.out and "x.example" not in told.out
    assert unseen(told.out + told.err) == [] and unseen(failed.error) == []


def run(shell: str, home: Path) -> subprocess.CompletedProcess[str]:
    code = "from ragqa.cli import main; main()"
    command = shell.replace("ragqa", f"{sys.executable} -c '{code}'")
    env = clean_environment(RAGQA_HOME=str(home))
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, env=env, cwd=home, timeout=120)


@pytest.mark.skipif(os.name != "posix", reason="closes streams in a shell")
@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("ragqa feedback answers --json >&-", 0, ""),
        ("ragqa feedback answers --json >&- 2>&- <&-", 0, ""),
        ("ragqa feedback answers --json > /dev/full", 1, "ragqa: the system: No space left on device\n"),
        ("ragqa feedback answers --json | true", 0, ""),
    ],
)
def test_a_stream_that_takes_nothing_is_no_traceback(home: Path, shell: str, code: int, said: str) -> None:
    if "/dev/full" in shell and not Path("/dev/full").exists():
        pytest.skip("no full device here")
    done = run(shell, home)
    assert (done.returncode, done.stderr) == (code, said)


def test_no_bar_of_another_library_is_drawn() -> None:
    code = (
        "import sys; from ragqa.cli import main\nsys.argv = ['ragqa', '--version']\n"
        "try: main()\nexcept SystemExit: pass\n"
        "from tqdm.auto import tqdm\nlist(tqdm(range(9)))\n"
        "from huggingface_hub.utils import tqdm\nlist(tqdm(range(9)))\n"
        "from transformers.utils import logging\nlist(logging.tqdm(range(9)))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=clean_environment(), check=True
    )
    assert ran.stderr == ""


@pytest.mark.parametrize(
    ("words", "goes_on"),
    [
        ("ingest docs", True),
        ("finetune create data", True),
        ("compare", True),
        ("finetune status job", False),
        ("ask why", False),
        ("", False),
    ],
)
def test_what_was_stopped_and_goes_on_says_so(words: str, goes_on: bool) -> None:
    assert ("run the same command to go on" in stopped(words.split())) is goes_on
