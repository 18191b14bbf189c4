"""Learn from few labelled questions and much unlabelled text: read it, ask about it, keep what can be trusted, repeat.

``semi_supervised`` does all of it on a prepared folder and a library; the parts are files of this folder.
"""

from __future__ import annotations

from ragqa.finetune.semi.learning import Round, SelfTrained, SemiOptions, semi_supervised

__all__ = ["Round", "SelfTrained", "SemiOptions", "semi_supervised"]
