"""What ``ragqa serve`` was told, checked before anything is opened: who may ask, and how much at once."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ragqa.errors import RagqaError

SHORTEST_TOKEN = 32
"""Characters of a bearer token."""

MAKE_TOKEN = "python -c 'import secrets; print(secrets.token_urlsafe(32))' > token.txt"


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How the server is reached, by whom, and what it may take."""

    host: str = "127.0.0.1"
    port: int = 8321
    root_path: str = ""
    """The path that a proxy serves it under, such as '/manuals'; empty for none."""
    read_only: bool = False
    token: str | None = None
    trusted_header: str | None = None
    """A header that a proxy sets on requests of people that it knows."""
    origins: tuple[str, ...] = ()
    """Other addresses that it may be used from, such as that of a proxy: 'https://manuals.example.com'."""
    most_upload_bytes: int = 200 * 2**20
    most_body_bytes: int = 2**20
    """Of any request that is no upload."""
    most_connections: int = 4096
    """Open at once, idle ones among them; fewer where the system lets a process open fewer files."""
    most_requests: int = 500
    """Under way at once, open streams among them."""
    most_followers: int = 100
    """Of jobs at once: a stream that is open as long as the job takes."""
    most_waiting: int = 256
    """Questions under way at once, those that wait for a thread among them."""
    most_uploads: int = 4
    """Received at once."""
    most_jobs: int = 100
    """Waiting to be read in."""
    question_seconds: float = 180.0
    """Until a question is given up, its wait included."""
    stall_seconds: float = 30.0
    """Without a byte of a body, or until the head of a request is whole, until it is given up."""
    stop_seconds: int = 30
    """What runs when the server is stopped may take so long."""

    @property
    def open_to_all(self) -> bool:
        """Whether requests need to prove nothing."""
        return self.token is None and self.trusted_header is None

    @property
    def secret(self) -> bool:
        """Whether all that ask must know something: then it does not matter under which name they do."""
        return self.token is not None and self.trusted_header is None

    def url(self) -> str:
        """Return where it is reached from this machine."""
        host = "127.0.0.1" if self.host == "0.0.0.0" else "::1" if self.host == "::" else self.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}{self.root_path}/"


def check_options(options: ServeOptions) -> ServeOptions:
    """Return the options, as they are used. Raises RagqaError where others could ask who should not."""
    if options.open_to_all and not is_loopback(options.host):
        raise RagqaError(
            f"{options.host} can be reached by other machines, so --host {options.host} needs --token-file FILE (make "
            f"one: {MAKE_TOKEN}) or, behind a proxy that signs people in, --trusted-header NAME"
        )
    return options


def root_path_of(text: str) -> str:
    """Return a root path with a slash before it and none behind. Raises RagqaError where it is no path."""
    inner = text.strip("/")
    if not re.fullmatch(r"([\w-]+(/[\w-]+)*)?", inner, re.ASCII):
        raise RagqaError(f"--root-path should be letters, digits, '-', '_' and '/', as in /manuals; got '{text}'")
    return f"/{inner}" if inner else ""


def origin_of(text: str) -> str:
    """Return an origin as browsers send it. Raises RagqaError where it is none."""
    parts = urlsplit(text)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or "@" in text
    ):
        raise RagqaError(f"--allow-origin should be an address such as https://manuals.example.com; got '{text}'")
    return f"{parts.scheme}://{parts.netloc}".lower()


def read_token(file: Path) -> str:
    """Return the token that ``file`` holds, its first line. Raises RagqaError where it is none or easily guessed."""
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not plain letters and digits"
        raise RagqaError(f"the token file {file} can't be read ({why}): make one with {MAKE_TOKEN}") from None
    if len(token) < SHORTEST_TOKEN or len(set(token)) < 10 or any(c.isspace() for c in token):
        raise RagqaError(
            f"{file} should hold one random word of {SHORTEST_TOKEN} characters or more; it holds {len(token)}: make "
            f"one with {MAKE_TOKEN}"
        )
    return token


def is_loopback(host: str) -> bool:
    """Say whether only this machine reaches ``host``."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
