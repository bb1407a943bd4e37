"""Registration only."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "zhenxue.portal"
    label = "portal"

    def ready(self) -> None:
        from zhenxue.identity.data import Role
        from zhenxue.kernel import navigation

        staff = frozenset(Role) - {Role.LEARNER, Role.SYSTEM}
        navigation.register(navigation.Item("首页", "portal:home", "home", staff, order=0))
