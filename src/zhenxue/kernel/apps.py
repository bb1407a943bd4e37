"""Registration only."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "zhenxue.kernel"
    label = "kernel"

    def ready(self) -> None:
        from zhenxue.kernel import form_words

        form_words.install()
