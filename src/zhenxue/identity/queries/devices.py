"""Device keys: what a sign-in is bound to, a learner's own devices."""

from zhenxue.identity.data import Actor
from zhenxue.identity.models import DeviceKey, LoginSession
from zhenxue.kernel.errors import NotFound


def device_key_of(login_session_id: int) -> DeviceKey | None:
    """The key that a sign-in is bound to, if any. One query."""
    return DeviceKey.objects.filter(
        pk__in=LoginSession.objects.filter(pk=login_session_id).values("device_key_id")
    ).first()


def list_own_devices(actor: Actor) -> list[DeviceKey]:
    """The devices of the own account that were not removed, the one used last first."""
    rows = DeviceKey.objects.filter(account_id=actor.account_id or 0, removed_at__isnull=True)
    return list(rows.order_by("-last_seen_at", "-pk"))


def get_own_device(actor: Actor, device_key_id: int) -> DeviceKey:
    found = DeviceKey.objects.filter(
        pk=device_key_id, account_id=actor.account_id or 0, removed_at__isnull=True
    ).first()
    if found is None:
        raise NotFound("identity.device_not_found", "没有找到这台设备，它可能已被移除。请刷新“我的设备”。")
    return found
