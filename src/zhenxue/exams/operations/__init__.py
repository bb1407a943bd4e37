"""Writes of ``exams``, one file per concern."""
