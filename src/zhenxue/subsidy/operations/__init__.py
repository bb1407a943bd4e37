"""Writes of ``subsidy``, one file per concern."""
