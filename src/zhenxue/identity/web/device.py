"""Where a request comes from, in words its owner recognises."""

import re

from django.conf import settings
from django.http import HttpRequest

from zhenxue.identity.data import Device

#: Looked for in this order; the first that fits names the browser, and the system.
BROWSERS = (
    ("MicroMessenger", "微信"),
    ("wxwork", "企业微信"),
    ("DingTalk", "钉钉"),
    ("HuaweiBrowser", "华为浏览器"),
    ("MiuiBrowser", "小米浏览器"),
    ("QQBrowser", "QQ浏览器"),
    ("Edg", "Edge 浏览器"),
    ("Firefox", "Firefox 浏览器"),
    ("Chrome", "Chrome 浏览器"),
    ("Safari", "Safari 浏览器"),
)
SYSTEMS = (
    ("HarmonyOS", "鸿蒙设备"),
    ("OpenHarmony", "鸿蒙设备"),
    ("iPhone", "iPhone 手机"),
    ("iPad", "iPad 平板"),
    ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "Linux 电脑"),
)


def device_of(request: HttpRequest) -> Device:
    """The device behind a request: a short Chinese name from its user agent, and its address."""
    agent = request.headers.get("User-Agent", "")
    system = next((word for mark, word in SYSTEMS if mark in agent), "未知设备")
    browser = next((word for mark, word in BROWSERS if re.search(mark, agent)), "")
    return Device(f"{system} · {browser}" if browser else system, agent, client_ip(request))


def client_ip(request: HttpRequest) -> str | None:
    """The client's address; the last entry of X-Forwarded-For only where settings say that our own proxy wrote it."""
    if settings.SECURE_PROXY_SSL_HEADER:
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        if re.fullmatch(r"[0-9a-fA-F.:]{3,45}", forwarded):
            return forwarded
    return request.META.get("REMOTE_ADDR") or None
