"""Writes of ``integrity``, a file a concern."""
