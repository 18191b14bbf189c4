"""Train on this machine: a causal language model by adapters or whole, or a small one from nothing.

A job is a folder; a killed one goes on from its last checkpoint when the same command comes again.
"""

from ragqa.finetune.local.provider import LocalProvider, continue_pretraining, train_local

__all__ = ["LocalProvider", "continue_pretraining", "train_local"]
