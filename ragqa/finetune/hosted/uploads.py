"""Examples → the file that the service trains on: chat JSON lines with ``messages`` and nothing else. Sends it once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ragqa.errors import RagqaError
from ragqa.finetune.hosted.keeping import Kept
from ragqa.finetune.hosted.service import Gone, Service
from ragqa.finetune.records import Example, Split, read_examples
from ragqa.printable import quantity

FEWEST = 10
"""Examples under which OpenAI refuses a job."""


@dataclass(frozen=True, slots=True)
class Chats:
    """A split as it is sent."""

    file: IO[bytes]
    sha256: str
    examples: int
    bytes: int


@contextlib.contextmanager
def chats(prepared: Path, split: Split) -> Iterator[Chats]:
    """Yield a split in the service's form; the file is gone afterwards. Raises RagqaError on a broken folder."""
    with tempfile.TemporaryFile() as file:
        digest, count = hashlib.sha256(), 0
        try:
            for example in read_examples(prepared, split):
                line = chat_line(example).encode()
                digest.update(line)
                file.write(line)
                count += 1
        except FileNotFoundError:
            raise RagqaError(f"{prepared} has no {split}.jsonl: make it anew with 'ragqa finetune prepare'") from None
        size = file.tell()
        file.seek(0)
        yield Chats(file, digest.hexdigest(), count, size)


def chat_line(example: Example) -> str:
    """Return an example as the service reads it. Every assistant's message is learned: that is its default."""
    said = [{"role": message.role, "content": message.content} for message in example.messages]
    return json.dumps({"messages": said}, ensure_ascii=False) + "\n"


def send(service: Service, kept: Kept, held: Chats, name: str, notice: Callable[[str], None]) -> str:
    """Return the id of the file at the service, sent now unless the very same one was sent before and is there."""
    before = kept.sent(held.sha256, service.host)
    if before:
        with contextlib.suppress(Gone):
            with service.asking(f"file {before}"):
                there = service.client.files.retrieve(before)
            if there.status != "error":
                notice(f"{name} was sent before, as {before}: it is not sent again")
                return before
    notice(f"sending {name}: {quantity(held.examples, 'example')}, {held.bytes / 1e6:.1f} MB, to {service.host}")
    with service.asking(f"the file {name}"):
        made = service.client.files.create(file=(name, held.file), purpose="fine-tune")
        file = str(made.id)
    kept.keep_sent(held.sha256, service.host, file)
    return file
