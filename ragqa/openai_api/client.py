"""Open a client of OpenAI or of a server that speaks its interface. A key alone never does: the user chose a model.

The key, and a user and password in the address, go to that server and nowhere else: requests follow no redirection,
and whatever is shown passes ``without_secrets``.
"""

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

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


def server_host(spec: str) -> str:
    """Return the host that ``spec`` would speak to, with its port. Raises ModelError as ``open_server`` does.

    Imports nothing heavy and contacts nobody.
    """
    host, key = _host(_url()), _key()
    if not key and host == OFFICIAL_HOST:
        raise ModelError(
            f"{spec} needs a key: set OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own, or use the offline "
            "default"
        )
    if not key.isascii() or any(c.isspace() for c in key):
        raise ModelError("OPENAI_API_KEY should be one word of plain letters and digits, and it is not: set it again")
    return host


def open_server(spec: str, timeout_s: float, *, retries: int = 2) -> Server:
    """Return the server of ``OPENAI_BASE_URL``, or OpenAI's own. Raises ModelError where a key is needed and missing.

    The client itself tries a request again, ``retries`` times, where the server is busy or out of reach.
    """
    host = server_host(spec)
    from openai import DefaultHttpxClient, OpenAI

    # A redirection would take the texts, and of the same host the key, to where nobody asked them to go.
    http = DefaultHttpxClient(follow_redirects=False)
    key = _key() or "none"  # the client insists on one
    client = OpenAI(api_key=key, base_url=_url(), timeout=timeout_s, max_retries=retries, http_client=http)
    return Server(client, host)


_SHAPES = re.compile(
    r"""
    (?<=://)[^\s/?\#@]+@                                           # user:password of an address
    | (?i:\b(?:bearer|basic)\s+)[^\s"',;]+                         # of an Authorization header
    | (?i:\b(?:api[_-]?key|authorization|token|secret|password)["']?\s*[:=]\s*["']?)
      (?i:(?:bearer|basic)\s+)?(?!\s)[^\s"',;&]+                   # with its name before it
    | \b(?:sk|rk|pk|hf|gsk|xai|key|sess)[-_][\w*.+/=-]{6,}            # named by how they begin
    | \w*\*{3,}\w*                                                  # with stars in its middle
    | \b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b
    | \b(?=\w*\d)(?=\w*[A-Za-z])[\w+=]{24,}                         # any long run of letters and digits
    """,
    re.VERBOSE,
)


def without_secrets(text: str) -> str:
    """Return ``text`` with "…" for the key and password in use, whole or in part, and for all that looks like one."""
    for secret in sorted(_own_secrets(), key=len, reverse=True):
        text = text.replace(secret, "…")
    return _SHAPES.sub("…", text)


def _own_secrets() -> set[str]:
    """Return the key and what the address holds of user and password, as they are written and as they are meant."""
    key, user_info = _key(), ""
    with contextlib.suppress(ValueError):
        user_info = urlsplit(_url()).netloc.rpartition("@")[0]
    parts = {key, user_info, *user_info.split(":", 1)}
    parts |= {unquote(part) for part in parts}
    # Servers echo a key with stars in its middle; the ends that they leave are cut away too.
    ends = {end for end in (key[:8], key[-8:]) if len(key) >= 20}
    return {part for part in parts | ends if len(part) >= 3}


def _url() -> str:
    return os.environ.get("OPENAI_BASE_URL", "").strip() or f"https://{OFFICIAL_HOST}/v1"


def _key() -> str:
    return os.environ.get("OPENAI_API_KEY", "").strip()


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
