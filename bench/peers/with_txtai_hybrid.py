"""txtai with ``hybrid=True``: dense search and its BM25 together."""

from __future__ import annotations

from functools import partial

from asked import run
from with_txtai import of_texts

run(partial(of_texts, hybrid=True))
