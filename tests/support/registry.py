"""Files of PyPI's packages, fetched as they are: nothing of them is built or installed.

The index is the one that uv or pip is told of (``UV_DEFAULT_INDEX``, ``UV_INDEX_URL``, ``PIP_INDEX_URL``, pip's
configuration), else PyPI itself; proxies as the environment names them.
"""

import base64
import configparser
import hashlib
import html
import os
import re
import ssl
import subprocess
import sys
import urllib.request
from http.client import HTTPException
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import certifi

TIMES = 3
ROOT = Path(__file__).parents[2]


def download(name: str, sha256: str, target: Path) -> Path:
    """``fetch`` in a process of its own: a test may speak to nobody but this machine."""
    words = [sys.executable, "-m", "tests.support.registry", name, sha256, str(target.resolve())]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().rpartition("RuntimeError: ")[2])
    return target / name


def fetch(name: str, sha256: str, target: Path) -> Path:
    """The file of this name, ``target/name``; there whole or not at all. ``name`` is that of a source archive or wheel,
    so the package is what stands before the first ``-``. ``RuntimeError`` says which file could not be fetched and
    why: no index, no such file, or another content than ``sha256``."""
    page = f"{index().rstrip('/')}/{re.sub(r'[-_.]+', '-', name.partition('-')[0]).lower()}/"
    shown = urlsplit(page)._replace(netloc=urlsplit(page).netloc.rpartition("@")[2]).geturl()  # without a password
    for left in reversed(range(TIMES)):
        try:
            content = _get(_address(_get(page).decode(), page, name))
        except (OSError, HTTPException) as error:
            if not left:
                raise RuntimeError(f"{name} cannot be fetched from the registry ({shown}): {error}") from error
        except LookupError as error:
            raise RuntimeError(f"{name} is not in the registry ({shown})") from error
        else:
            break
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise RuntimeError(f"{name} of the registry ({shown}) is another file: SHA-256 {found}, not {sha256}")
    part = target / f"{name}.part"
    part.write_bytes(content)
    return part.replace(target / name)


def index() -> str:
    """Address of the simple index (PEP 503)."""
    named = (os.environ.get(name) for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"))
    found = next((one for one in named if one), None) or _of_pip("index-url") or "https://pypi.org/simple"
    return re.sub(r"^[\w.-]+=", "", found)  # uv lets one give it a name


def _of_pip(option: str) -> str | None:
    """What pip's configuration says: of the process, else of the user, else of the machine."""
    home = Path.home()
    own = Path(os.environ.get("XDG_CONFIG_HOME", home / ".config")) / "pip" / "pip.conf"
    files = configparser.RawConfigParser(strict=False)
    files.read([Path("/etc/pip.conf"), home / ".pip" / "pip.conf", own, os.environ.get("PIP_CONFIG_FILE", "")])
    return files.get("global", option, fallback=None)


def _address(listing: str, page: str, name: str) -> str:
    """Where an index's page says that the file lies; ``LookupError`` where it names none."""
    for link in re.findall(r"""<a\b[^>]*?\bhref=["']([^"']+)""", listing, re.IGNORECASE):
        address = urldefrag(urljoin(page, html.unescape(link))).url
        if unquote(urlsplit(address).path).rpartition("/")[2] == name:
            return address
    raise LookupError(name)


def _get(address: str) -> bytes:
    parts = urlsplit(address)
    user, _, place = parts.netloc.rpartition("@")
    request = urllib.request.Request(parts._replace(netloc=place).geturl())
    request.add_header("Accept", "text/html, */*;q=0.1")
    if user:
        request.add_header("Authorization", f"Basic {base64.b64encode(unquote(user).encode()).decode()}")
    with urllib.request.urlopen(request, timeout=120, context=_trusted()) as answer:
        content: bytes = answer.read()
    return content


def _trusted() -> ssl.SSLContext:
    """The system's authorities, where it has any, and those that pip would bring along."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    own = os.environ.get("PIP_CERT") or _of_pip("cert")
    if own:
        context.load_verify_locations(own)
    return context


if __name__ == "__main__":
    fetch(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
