"""How much does the server cost over the library itself, when many ask at once? And how soon does it answer, cold?

64 clients ask without a pause for a minute, each question when the one before was answered: over HTTP, a process of
``ragqa serve``; and in this process, 64 threads that call ``Library.ask``. Both hold the same library of three manuals
and answer by quoting. Then the server is started cold, some times, until its page and its first answer are there; and
what memory an idle one holds, with the sample manuals, is read from the system. Linux only.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.data import folder_of
from bench.record import Row, parser, report
from ragqa.engine import Library

RAGQA = [sys.executable, "-c", "from ragqa.cli import main; main()"]
STARTS = 5
QUESTIONS = (
    "What does fault code E17 mean, and what should I do?",
    "How often is the filter cleaned?",
    "初效滤网多久清洗一次？",
    "How do I set the range of an axis?",
    "What must be done before the first start?",
    "How is the unit switched off?",
    "How do I plot data from a file?",
    "Which torque do the screws take?",
)


def main(argv: Sequence[str] | None = None) -> None:
    options = parser(__doc__)
    options.add_argument("--clients", type=int, default=64, help="How many ask at once (64).")
    options.add_argument("--seconds", type=float, default=60.0, help="For how long (60).")
    given = options.parse_args(argv)
    samples = sorted(folder_of("sample manuals").glob("*.pdf"))
    third = folder_of("manuals") / "gnuplot.pdf"
    manuals = [*samples, *([third] if third.exists() else [])]
    data = ["sample manuals", *(["manuals"] if third.exists() else [])]
    with tempfile.TemporaryDirectory() as folder:
        home, small = Path(folder) / "three", Path(folder) / "samples"
        for place, files in ((home, manuals), (small, samples)):
            subprocess.run([*RAGQA, "ingest", *map(str, files), "--home", str(place), "--index", "bench"], check=True)
        with Library.open("bench", home=home, keep_answers=False) as library:
            library.ask(QUESTIONS[0])
            inside = _load(lambda: library.ask, given.clients, given.seconds)
        with _server(home) as (_, port):
            over_http = _load(lambda: _Asker(port), given.clients, given.seconds)
        cold = [_cold(home) for _ in range(STARTS)]
        idle = _idle(small)
    rows = [
        {"what": "in process", "manuals": len(manuals), **inside},
        {"what": "over HTTP", "manuals": len(manuals), **over_http},
        {"what": "ratio of p95", "ratio": _figure(over_http, "p95_s") / _figure(inside, "p95_s")},
        {"what": "cold: page", "median_s": statistics.median(page for page, _ in cold)},
        {"what": "cold: first answer", "median_s": statistics.median(answer for _, answer in cold)},
        {"what": "idle memory, sample manuals", "mb": idle},
    ]
    report("serving", rows, data=data, keep=given.keep)


def _figure(row: Row, name: str) -> float:
    return float(str(row[name]))


class _Asker:
    """Asks the server over a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def __call__(self, question: str) -> None:
        body = json.dumps({"question": question})
        headers = {"Content-Type": "application/json"}
        self._connection.request("POST", "/v1/libraries/bench/ask", body, headers)
        response = self._connection.getresponse()
        answered = json.loads(response.read())
        if response.status != 200 or not answered["answer"]:
            raise OSError(f"{response.status}")


def _load(make_asker: Callable[[], Callable[[str], object]], clients: int, seconds: float) -> Row:
    """Have ``clients`` ask for ``seconds``, each with an asker of its own; return how many were answered, how fast."""
    laps: list[float] = []
    failed: list[str] = []
    ends = time.monotonic() + seconds

    def ask_on(number: int) -> None:
        ask, turn = make_asker(), number
        while time.monotonic() < ends:
            started = time.perf_counter()
            try:
                ask(QUESTIONS[turn % len(QUESTIONS)])
                laps.append(time.perf_counter() - started)
            except (OSError, http.client.HTTPException) as error:
                failed.append(str(error))
                ask = make_asker()
            turn += 1

    threads = [threading.Thread(target=ask_on, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(laps, n=100)
    return {
        "clients": clients,
        "asked": len(laps) + len(failed),
        "answered": len(laps) / (len(laps) + len(failed)),
        "p50_s": cuts[49],
        "p95_s": cuts[94],
        "a_second": len(laps) / seconds,
    }


@contextmanager
def _server(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a server over ``home``; yield it and its port once it says that it serves."""
    command = [*RAGQA, "serve", "--index", "bench", "--home", str(home), "--port", "0"]
    environment = os.environ | {"RAGQA_KEEP_ANSWERS": "false"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stderr
        said = next(found for line in process.stderr if (found := re.search(r"at http://127\.0\.0\.1:(\d+)/", line)))
        yield process, int(said[1])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        if process.stderr:
            process.stderr.close()


def _cold(home: Path) -> tuple[float, float]:
    """Return the seconds from the command to the page, and to the first answer."""
    started = time.perf_counter()
    with _server(home) as (_, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        connection.request("GET", "/")
        connection.getresponse().read()
        page = time.perf_counter() - started
        _Asker(port)(QUESTIONS[0])
        return page, time.perf_counter() - started


def _idle(home: Path) -> float:
    """Return the MB that a server holds which has answered a question and waits for the next."""
    with _server(home) as (process, port):
        _Asker(port)(QUESTIONS[0])
        time.sleep(2)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
