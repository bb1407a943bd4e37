"""Where an address lies, as far as the operator's own table says: ``places.csv`` in the file store, one line a
network: network, latitude, longitude.

No such table comes with the platform and none is asked over the network; without one the rule on travel finds nothing.
"""

import csv
import ipaddress
import logging
from functools import lru_cache
from pathlib import Path

from zhenxue.kernel import storage

log = logging.getLogger(__name__)

FILE = "places.csv"

type Network = ipaddress.IPv4Network | ipaddress.IPv6Network
type Place = tuple[float, float]


def locate(address: str) -> Place | None:
    """Latitude and longitude of the narrowest known network that the address lies in; none where none is known."""
    path = storage.full_path(FILE)
    if not address or not path.exists():
        return None
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    fitting = [(network, place) for network, place in read_places(path, path.stat().st_mtime_ns) if known in network]
    return max(fitting, key=lambda one: one[0].prefixlen)[1] if fitting else None


@lru_cache(maxsize=4)
def read_places(path: Path, changed: int) -> tuple[tuple[Network, Place], ...]:
    """The table as it was when last ``changed``; a row that is none is logged and left out."""
    found: list[tuple[Network, Place]] = []
    with path.open(encoding="utf-8", newline="") as stream:
        for number, row in enumerate(csv.reader(stream), 1):
            try:
                network, latitude, longitude = row[:3]
                place = float(latitude), float(longitude)
                found.append((ipaddress.ip_network(network.strip(), strict=False), place))
            except ValueError:
                log.warning("%s line %s is no network with a place", path, number)
    return tuple(found)
