"""Reads of ``identity``; every list is what one actor may see."""
