"""Masked forms of personal data, for pages and exports (A4): enough to recognise, too little to use."""


def citizen_number(value: str) -> str:
    """``371502199001011234`` → ``371502********1234``."""
    return f"{value[:6]}********{value[-4:]}" if len(value) == 18 else "*" * len(value)


def phone(value: str) -> str:
    """``13812345678`` → ``138****5678``."""
    return f"{value[:3]}****{value[-4:]}" if len(value) >= 7 else "*" * len(value)


def card_number(value: str) -> str:
    """Keeps the last four characters."""
    return f"{'*' * max(len(value) - 4, 0)}{value[-4:]}" if len(value) > 4 else "*" * len(value)


def name(value: str) -> str:
    """``王小明`` → ``王*明``; for pages that strangers see."""
    if len(value) <= 1:
        return value
    return value[0] + "*" if len(value) == 2 else f"{value[0]}{'*' * (len(value) - 2)}{value[-1]}"
