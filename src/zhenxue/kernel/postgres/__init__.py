"""PostgreSQL as this platform speaks to it: Django's backend, with values that travel beside their statement."""
