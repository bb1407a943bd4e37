"""Reads of ``integrity``, a file a concern."""
