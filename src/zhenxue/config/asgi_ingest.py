"""Beats alone, for the scaled layout: nginx sends ``/study/beats/`` here (deploy/nginx.conf)."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "zhenxue.config.settings")
django.setup()

from zhenxue.study.ingest import application  # noqa: E402 - Django is set up first

__all__ = ["application"]
