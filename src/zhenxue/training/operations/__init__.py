"""Writes of ``training``: one verb a function, one transaction each, evidence inside it."""
