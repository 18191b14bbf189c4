"""Train at OpenAI, or at any server that speaks its interface (``OPENAI_BASE_URL``).

A job goes on there whether or not anyone here waits for it; its folder among the jobs is what lets it be taken up.
"""

from ragqa.finetune.hosted.provider import OpenAIProvider

__all__ = ["OpenAIProvider"]
