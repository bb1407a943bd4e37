"""Writes of ``identity``: each checks, writes and records evidence in one transaction."""
