"""A server that speaks the files, fine-tuning and models endpoints, and plays the states that the test writes down.

A job goes through ``states``, one for each time it is looked at, the last one for ever. Lists come in pages.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.servers.stand_in import running

METRICS = """step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy
1,2.5,0.4,,
2,1.5,0.5,1.9,0.5
4,0.5,0.9,1.2,0.7
"""
MODEL = "ft:gpt-4.1-mini-2025-04-14:acme:pumps:abc123"

Row = dict[str, Any]


@dataclass
class FineTuning:
    """What a test sees and sets."""

    url: str = ""
    states: list[str] = field(default_factory=lambda: ["validating_files", "running", "succeeded"])
    reason: str = "The file holds a line that is no JSON."
    files: dict[str, bytes] = field(default_factory=dict)
    jobs: dict[str, Row] = field(default_factory=dict)
    """Newest last."""
    events: list[Row] = field(default_factory=list)
    """Oldest first, of every job."""
    checkpoints: list[Row] | None = None
    """Newest first, of every job; None: the server knows none such."""
    requests: list[Row] = field(default_factory=list)
    """Of jobs, as they came."""
    calls: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of each request."""
    failures: list[tuple[str, int, Row]] = field(default_factory=list)
    """Each used up by the next call whose 'METHOD path' it matches; status 0 cuts the connection."""
    lost: bool = False
    """Whether the answer to the next new job gets lost after the job was made."""
    page: int = 100
    encoded: bool = True
    metrics: str = METRICS
    """Of every job that succeeded."""
    forgetful: bool = False
    """Whether it tells no metadata of a job."""

    def add_event(self, message: str, level: str = "info", data: Row | None = None) -> None:
        number = len(self.events)
        kind = "metrics" if data else "message"
        self.events.append(
            {
                "id": f"ftevent-{number}",
                "object": "fine_tuning.job.event",
                "created_at": 1_700_000_000 + number,
                "level": level,
                "message": message,
                "data": data,
                "type": kind,
            }
        )

    def add_checkpoint(self, step: int, **metrics: float) -> None:
        made = {
            "id": f"ftckpt-{step}",
            "object": "fine_tuning.job.checkpoint",
            "created_at": 1_700_000_000 + step,
            "fine_tuned_model_checkpoint": f"{MODEL}:ckpt-step-{step}",
            "fine_tuning_job_id": "ftjob-0",
            "step_number": step,
            "metrics": {"step": step, **metrics},
        }
        self.checkpoints = [made, *(self.checkpoints or [])]

    def add_job(self, status: str, request: Row | None = None) -> Row:
        number = len(self.jobs)
        request = request or {"model": "gpt-4.1-mini-2025-04-14", "training_file": "file-0"}
        job = {
            "id": f"ftjob-{number}",
            "object": "fine_tuning.job",
            "created_at": 1_700_000_000 + number,
            "error": None,
            "fine_tuned_model": None,
            "finished_at": None,
            "hyperparameters": {"n_epochs": 3},
            "model": request["model"],
            "organization_id": "org-1",
            "result_files": [],
            "seed": request.get("seed", 0),
            "status": "",
            "trained_tokens": None,
            "training_file": request["training_file"],
            "validation_file": request.get("validation_file"),
            "metadata": request.get("metadata"),
            "method": request.get("method"),
        }
        self.jobs[job["id"]] = job
        return self.advance(job, status)

    def advance(self, job: Row, status: str) -> Row:
        job["status"] = status
        if status in ("succeeded", "failed", "cancelled"):
            job["finished_at"] = job["created_at"] + 120
        if status == "succeeded":
            job |= {"fine_tuned_model": MODEL, "trained_tokens": 3000, "result_files": ["file-result"]}
        if status == "failed":
            job["error"] = {"code": "invalid_training_file", "message": self.reason, "param": "training_file"}
        return job


@contextmanager
def serving(**given: Any) -> Iterator[FineTuning]:
    """Yield the server, on a free port."""
    state = FineTuning(**given)

    class Serve(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _answer(self, state, "GET", b"")

        def do_POST(self) -> None:
            _answer(self, state, "POST", self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def log_message(self, *args: object) -> None:
            pass

    with running(Serve) as state.url:
        yield state


def _answer(handler: BaseHTTPRequestHandler, state: FineTuning, method: str, body: bytes) -> None:
    parts = urlsplit(handler.path)
    path, query = parts.path.removeprefix("/v1"), {name: values[0] for name, values in parse_qs(parts.query).items()}
    state.calls.append((method, path))
    for number, (pattern, status, error) in enumerate(state.failures):
        if re.fullmatch(pattern, f"{method} {path}"):
            del state.failures[number]
            return _cut(handler) if status == 0 else _send(handler, status, {"error": error})
    if (method, path) == ("POST", "/fine_tuning/jobs"):
        request = json.loads(body)
        if state.forgetful:
            request.pop("metadata", None)
        state.requests.append(request)
        made = state.add_job(state.states.pop(0) if len(state.states) > 1 else state.states[0], request)
        if state.lost:
            state.lost = False
            return _cut(handler)
        return _send(handler, 200, made)
    found = _found(state, method, path, query, body)
    if isinstance(found, bytes):
        return _raw(handler, 200, found, "application/octet-stream")
    missing = {"error": {"message": "No such object", "type": "invalid_request_error", "code": "not_found"}}
    return _send(handler, 200 if found is not None else 404, found if found is not None else missing)


def _found(state: FineTuning, method: str, path: str, query: dict[str, str], body: bytes) -> Row | bytes | None:
    if (method, path) == ("POST", "/files"):
        return _upload(state, body)
    if (method, path) == ("GET", "/files/file-result/content"):
        return base64.b64encode(state.metrics.encode()) if state.encoded else state.metrics.encode()
    if match := re.fullmatch(r"/files/([\w-]+)", path):
        return _file(match[1], state.files[match[1]]) if match[1] in state.files else None
    if path == "/fine_tuning/jobs":
        return _page(list(state.jobs.values())[::-1], query, state.page)
    if path == "/models":
        names = [MODEL, "gpt-4.1-mini-2025-04-14"]
        rows = [{"id": name, "object": "model", "created": 1, "owned_by": "acme"} for name in names]
        return {"object": "list", "data": rows}
    match = re.fullmatch(r"/fine_tuning/jobs/([\w-]+)(/events|/cancel|/checkpoints)?", path)
    job = state.jobs.get(match[1]) if match else None
    if match is None or job is None:
        return None
    if match[2] == "/events":
        return _page(state.events[::-1], query, state.page)
    if match[2] == "/checkpoints":
        return None if state.checkpoints is None else _page(state.checkpoints, query, state.page)
    if match[2] == "/cancel":
        return state.advance(job, "cancelled")
    if job["status"] not in ("succeeded", "failed", "cancelled"):
        state.advance(job, state.states.pop(0) if len(state.states) > 1 else state.states[0])
    return job


def _upload(state: FineTuning, body: bytes) -> Row:
    """Take the file out of a multipart form."""
    boundary = body.split(b"\r\n", 1)[0]
    part = next(part for part in body.split(boundary) if b"filename=" in part)
    content = part.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n")
    name = f"file-{len(state.files)}"
    state.files[name] = content
    return _file(name, content)


def _file(name: str, content: bytes) -> Row:
    return {
        "id": name,
        "object": "file",
        "bytes": len(content),
        "created_at": 1,
        "filename": "train.jsonl",
        "purpose": "fine-tune",
        "status": "processed",
    }


def _page(rows: list[Row], query: dict[str, str], size: int) -> Row:
    """Return the rows after the one named, as many as a page holds."""
    first = next((at + 1 for at, row in enumerate(rows) if row["id"] == query.get("after")), 0)
    return {"object": "list", "data": rows[first : first + size], "has_more": first + size < len(rows)}


def _cut(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.close()


def _send(handler: BaseHTTPRequestHandler, status: int, body: Row) -> None:
    _raw(handler, status, json.dumps(body).encode(), "application/json")


def _raw(handler: BaseHTTPRequestHandler, status: int, data: bytes, kind: str) -> None:
    handler.send_response(status)
    for name, value in (("Content-Type", kind), ("Content-Length", str(len(data))), ("retry-after-ms", "1")):
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(data)
