"""Retrieve, fine-tune, or both? The same questions put to each, measured alike, and told apart by what was trained on.

A kind of system is a file of ``systems/``. ``comparing.compare`` does it all; the other modules are its steps.
"""
