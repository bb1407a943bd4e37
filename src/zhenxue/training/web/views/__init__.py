"""Pages of ``training``."""
