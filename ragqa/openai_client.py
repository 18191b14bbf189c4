"""Open a client of OpenAI or of a server that speaks its interface. A key alone never does: the user chose a model."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ragqa.errors import ModelError

if TYPE_CHECKING:
    from openai import OpenAI

OFFICIAL_HOST = "api.openai.com"


@dataclass(frozen=True, slots=True)
class Server:
    """A client and the host that it speaks to, as it may be shown: without user and password."""

    client: OpenAI
    host: str

    @property
    def official(self) -> bool:
        """Whether it is OpenAI's own: its prices and its parameters' names are known then."""
        return self.host == OFFICIAL_HOST


def open_server(spec: str, timeout_s: float) -> Server:
    """Return the server of ``OPENAI_BASE_URL``, or OpenAI's own. Raises ModelError where a key is needed and missing.

    The client itself tries a request again, twice, where the server is busy or out of reach.
    """
    from openai import OpenAI

    url = os.environ.get("OPENAI_BASE_URL", "").strip() or f"https://{OFFICIAL_HOST}/v1"
    host = _host(url)
    key = os.environ.get("OPENAI_API_KEY", "").strip()
    if not key and host == OFFICIAL_HOST:
        raise ModelError(
            f"{spec} needs a key: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, or use the offline "
            "default"
        )
    if not key.isascii() or any(c.isspace() for c in key):
        raise ModelError("OPENAI_API_KEY should be one word of plain letters and digits, and it is not: set it again")
    return Server(OpenAI(api_key=key or "none", base_url=url, timeout=timeout_s), host)


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if parts.scheme not in ("http", "https") or not host:
        raise ModelError(
            "OPENAI_BASE_URL should be an address such as http://localhost:8000/v1, and it is not: mend it"
        )
    return host if port is None else f"{host}:{port}"
