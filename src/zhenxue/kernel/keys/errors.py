"""The one refusal of key holders."""


class KeyRefused(Exception):
    """A key that cannot be had, or must not be used as it lies; the sentence says what to do. Never holds a secret."""
