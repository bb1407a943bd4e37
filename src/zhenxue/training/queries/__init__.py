"""Reads of ``training``; nothing here writes."""
