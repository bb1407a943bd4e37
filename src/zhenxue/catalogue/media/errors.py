"""What the media tools raise."""


class MediaError(Exception):
    """The file cannot be used; ``str()`` is the Chinese sentence for the person who uploaded it."""
