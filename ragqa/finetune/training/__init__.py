"""What all trainings share: the folder of a job (``job``), the loop (``loop``) and its checkpoints (``checkpoints``).

A training supplies its model, its data and its loss: ``local/`` for language models, ``routing/`` for classifiers,
``embedder.py`` for embedders and ``preference/`` for what people prefer.
"""
