"""Retrieve, fine-tune, or both? The same questions put to several systems, and measured alike.

``comparison.compare`` does it all; the other modules are its steps.
"""
