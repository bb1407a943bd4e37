"""Registration only."""

from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "zhenxue.kernel"
    label = "kernel"

    def ready(self) -> None:
        from zhenxue.kernel import form_words, once, partitions, periodic, uploads

        form_words.install()
        periodic.register(periodic.Job("kernel.clean_uploads", 3600, lambda now: uploads.clean(now=now)))
        periodic.register(periodic.Job("kernel.forget_forms", 3600, lambda now: once.forget(now=now)))
        periodic.register(periodic.Job("kernel.partitions", 86_400, lambda now: partitions.ensure(now=now)))
