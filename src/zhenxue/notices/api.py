"""What other apps may call."""

from zhenxue.notices.models import Notice
from zhenxue.notices.operations.notifying import notify, notify_many

__all__ = ["Notice", "notify", "notify_many"]
