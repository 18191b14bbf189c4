"""A real HTTP server that speaks /v1/embeddings as OpenAI does, with its limits enforced, and fails when told to.

A text's vector depends on the text alone, so a test can tell whose vector came back.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections import deque
from http.server import BaseHTTPRequestHandler
from typing import Any

import numpy as np

from tests.servers.stand_in import running

KEY = "sk-of-this-test"
MAX_INPUTS = 2048
MAX_INPUT_TOKENS = 8191
MAX_REQUEST_TOKENS = 300_000


def count_tokens(text: str) -> int:
    """Return roughly what a byte-pair encoding makes: 4 letters a token, any other character one."""
    return len(re.findall(r"[A-Za-z]{1,4}|[^A-Za-z\s]", text))


def vector_of(text: str, dim: int) -> np.ndarray:
    """Return the float32 vector of unit length that the server gives for ``text``."""
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    vector = np.random.default_rng(seed).standard_normal(dim)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class EmbeddingServer:
    """Serve while the ``with`` block runs. ``troubles`` are taken one a request, before the request is looked at.

    A trouble is {'status', 'code', 'message', 'headers'}, {'drop': True}, {'sleep': seconds} or {'body': bytes}.
    """

    def __init__(self, dim: int = 1536, max_inputs: int = MAX_INPUTS) -> None:
        self.dim = dim
        self.max_inputs = max_inputs
        self.troubles: deque[dict[str, Any]] = deque()
        self.requests: list[dict[str, Any]] = []
        self.most_at_once = 0
        self.delay = 0.0
        self._now = 0
        self._lock = threading.Lock()
        self.url = ""
        self._running = running(self._handler())

    def __enter__(self) -> EmbeddingServer:
        self.url = self._running.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.__exit__(None, None, None)

    def answer(self, path: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON body for a request."""
        if key != f"Bearer {KEY}":
            return 401, _error(f"Incorrect API key provided: {key.removeprefix('Bearer ')}.", "invalid_api_key")
        if path != "/v1/embeddings":
            return 404, _error(f"no {path} here", "not_found")
        if body["model"] == "no-such-model":
            return 404, _error("The model does not exist", "model_not_found")
        inputs = [body["input"]] if isinstance(body["input"], str) else body["input"]
        counts = [count_tokens(text) for text in inputs]
        if len(inputs) > self.max_inputs:
            return 400, _error(f"at most {self.max_inputs} inputs", "invalid_request_error")
        if not all(inputs):
            return 400, _error("input cannot be an empty string", "invalid_request_error")
        if max(counts) > MAX_INPUT_TOKENS:
            return 400, _error(f"maximum context length is 8191 tokens, got {max(counts)}", "context_length_exceeded")
        if sum(counts) > MAX_REQUEST_TOKENS:
            return 400, _error("more than 300000 tokens in one request", "max_tokens_per_request")
        vectors = [vector_of(text, self.dim) for text in inputs]
        rows = [
            {"object": "embedding", "index": at, "embedding": _encoded(vector, body.get("encoding_format"))}
            for at, vector in enumerate(vectors)
        ]
        usage = {"prompt_tokens": sum(counts), "total_tokens": sum(counts)}
        # Out of order, as the interface allows: 'index' says which is which.
        return 200, {"object": "list", "model": body["model"], "data": rows[::-1], "usage": usage}

    def _handler(server) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                with server._lock:
                    server.requests.append(body)
                    trouble = server.troubles.popleft() if server.troubles else {}
                    server._now += 1
                    server.most_at_once = max(server.most_at_once, server._now)
                try:
                    self.reply(trouble, body)
                finally:
                    with server._lock:
                        server._now -= 1

            def reply(self, trouble: dict[str, Any], body: dict[str, Any]) -> None:
                time.sleep(trouble.get("sleep", server.delay))
                if trouble.get("drop"):
                    self.close_connection = True
                    return
                if "status" in trouble:
                    status = trouble["status"]
                    said = json.dumps(_error(trouble.get("message", "told to fail"), trouble.get("code", ""))).encode()
                elif "body" in trouble:
                    status, said = 200, trouble["body"]
                else:
                    status, answer = server.answer(self.path, self.headers.get("Authorization", ""), body)
                    said = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **trouble.get("headers", {})}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def _encoded(vector: np.ndarray, form: str | None) -> str | list[float]:
    return base64.b64encode(vector.tobytes()).decode() if form == "base64" else [float(x) for x in vector]


def _error(message: str, code: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": code, "param": None, "code": code}}
