"""Teach a local model which of two answers people prefer: pairs from ``ragqa feedback``, and DPO through TRL.

DPO: Rafailov et al. 2023, arXiv 2305.18290. It needs no model of rewards: the pairs speak for themselves.
"""
