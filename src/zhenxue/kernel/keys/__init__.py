"""Key holders: where a secret or a signing key comes from, and what is refused.

No Django and no settings here: the settings themselves are read with it, and the key ceremony runs on a machine that
has nothing else. ``docs/how-to/keys.md`` is the manual.
"""

from zhenxue.kernel.keys.errors import KeyRefused
from zhenxue.kernel.keys.files import read_secret, write_secret
from zhenxue.kernel.keys.fingerprints import fingerprint, name_of_bytes
from zhenxue.kernel.keys.holders import SeedKey, ServiceKey, SigningKey
from zhenxue.kernel.keys.references import SERVICES, is_reference, read_list, read_one, signing_key
from zhenxue.kernel.keys.services import CommandService, HttpService, KeyService, open_service

__all__ = [
    "SERVICES",
    "CommandService",
    "HttpService",
    "KeyRefused",
    "KeyService",
    "SeedKey",
    "ServiceKey",
    "SigningKey",
    "fingerprint",
    "is_reference",
    "name_of_bytes",
    "open_service",
    "read_list",
    "read_one",
    "read_secret",
    "signing_key",
    "write_secret",
]
