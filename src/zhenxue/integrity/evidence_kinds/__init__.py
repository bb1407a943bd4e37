"""Kinds of evidence that ``integrity`` records, a file a concern."""
