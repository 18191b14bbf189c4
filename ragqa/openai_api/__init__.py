"""OpenAI's interface, at OpenAI or at any server that speaks it: the client, what comes back, what a server refuses.

Knows nothing of prompts, answers and vectors: chat and embeddings say what to send, and read what came.
"""
