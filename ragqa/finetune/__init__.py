"""Fine-tune a model on a manual: training data, jobs at OpenAI or on this machine, and the models that come of them.

``preparing.prepare`` makes a folder of examples, whose form ``records.py`` says; a provider trains on it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ragqa.finetune.jobs import Provider
    from ragqa.settings import Settings


def open_provider(name: str, settings: Settings) -> Provider:
    """Return the provider ``name``: 'local' or 'openai'. Raises RagqaError for an unknown one."""
    if name == "local":
        from ragqa.finetune.local import LocalProvider

        return LocalProvider(settings)
    if name == "openai":
        from ragqa.finetune.hosted import OpenAIProvider

        return OpenAIProvider(settings)
    from ragqa.errors import RagqaError

    raise RagqaError(f"--provider takes local or openai; got '{name}'")
