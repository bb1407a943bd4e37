"""From an uploaded file to what a browser plays: sniff, probe, encode, cut, encrypt. Knows no database."""
