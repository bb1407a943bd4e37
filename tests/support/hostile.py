"""A text that runs where a page takes it for markup, and a browser that says whether anything of it did."""

from playwright.sync_api import ConsoleMessage, Dialog, Page

SCRIPT = (
    '"><script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)></textarea></title><iframe '
    "srcdoc='<script>alert(1)</script>'></iframe><a href='javascript:alert(1)'>x</a> {{7*7}} {% now %}"
    r' $\href{javascript:alert(1)}{x}$ ![x" onerror="alert(1)](javascript:alert(1))'
)
#: Without the formula, which an editor refuses; and short enough for a title or the name of a file.
WORDS = SCRIPT.partition(" $")[0]
NAME = '"><img src=x onerror=alert(1)>'
#: Elements that would run something of their own: nothing of ours has such an attribute.
RUNNING = r"""() => [...document.querySelectorAll('*')]
    .filter(one => [...one.attributes].some(
        ({name, value}) => /^(on|srcdoc$)/i.test(name) || /^\s*javascript:/i.test(value)))
    .map(one => one.outerHTML.slice(0, 200))"""


class Watch:
    """Watches a page from its beginning: dialogs, and what its policy had to keep from running."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._heard: list[str] = []
        page.on("dialog", self._dialog)
        page.on("console", self._console)

    def _dialog(self, dialog: Dialog) -> None:
        self._heard.append(dialog.message)
        dialog.dismiss()

    def _console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self._heard.append(message.text[:200])

    def check(self, *, shows: str = NAME) -> None:
        """Raises ``AssertionError`` unless the page as it stands shows the text as words, and nothing of it ran."""
        found = self._page.evaluate(RUNNING)
        assert (self._heard, found) == ([], []), self._page.url
        assert shows in self._page.inner_text("body") or shows in self._values(), self._page.url

    def _values(self) -> str:
        values: list[str] = self._page.evaluate(
            "() => [...document.querySelectorAll('input, textarea')].map(one => one.value)"
        )
        return "\n".join(values)
