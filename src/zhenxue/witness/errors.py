"""What can go wrong with a witness's own things; the message is shown to whoever runs it."""


class WitnessError(Exception):
    """Base of this room's errors."""


class KeyRefused(WitnessError):
    """The key file is missing, open to others, or holds no key of a witness."""


class StoreRefused(WitnessError):
    """The store is missing, of another key, or cannot be used."""
