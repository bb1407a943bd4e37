"""Clients of the registers outside; docs/reference/contracts.md is what they and their services keep to."""
