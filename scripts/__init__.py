"""Helpers of the house: set-up, contracts, diagrams."""
