"""What all trainings share: the folder of a job (``job``), the loop (``loop``) and its checkpoints (``checkpoints``).

A training supplies its model, its data and its loss: ``finetune/local/`` for language models, ``finetune/routing/`` for
classifiers, ``finetune/embedder.py`` for embedders and ``finetune/preference.py`` for what people prefer.
"""
