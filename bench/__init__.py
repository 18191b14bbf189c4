"""Scripts that measure, each answering one question; kept results stand in ``bench/results``.

``python -m bench`` runs them all; ``python -m bench.NAME`` runs one. Those that need the evaluation data skip with a
message where it is absent; RAGQA_DATA names another place than ``../shared/data``.
"""
