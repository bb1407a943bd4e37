"""Pages of the catalogue, one concern a file."""
