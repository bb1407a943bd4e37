"""Keys of an installation: what is in use, changes of each, and the ceremony in which they are made."""
