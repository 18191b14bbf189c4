"""Fine-tune a model on a manual: training data, jobs at OpenAI or on this machine, and the models that come of them.

``prepare`` makes a folder of examples (``records.py`` says its form); a provider, a folder here, trains on it.
"""
