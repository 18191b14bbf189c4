"""Entries → examples: what a model is asked and what it should say. A form of training data is a file here."""
