from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

#: Guests of one address share what so many visitors have: a household, an office.
GUESTS_OF_AN_ADDRESS = 10
#: Of IPv6, what one household or machine gets: it may use any address in it.
NETWORK_BITS = 64


@dataclass(frozen=True, slots=True, order=True)
class Payer:
    """Whom an upload is counted for; `share` times what one visitor may."""

    who: str
    share: int = 1


def payers(request: HttpRequest, owner: str) -> list[Payer]:
    """A guest's id costs nothing, every request without a cookie gets a new one: so guests are
    counted by their address as well, and those who come without a cookie there are one visitor."""
    counted = [Payer(owner)]
    if owner.startswith("g"):
        place = _place(request)
        counted.append(Payer(f"a{place}", GUESTS_OF_AN_ADDRESS))
        # A session without a key begins with this very answer.
        if request.session.session_key is None:
            counted.append(Payer(f"n{place}"))
    return counted


def _place(request: HttpRequest) -> str:
    """The network a request comes from, as nobody reads it out of the database.

    Behind a proxy the web server has to take the address from the proxy's header.
    """
    given = str(request.META.get("REMOTE_ADDR") or "")
    try:
        address = ip_address(given.partition("%")[0])
        if address.version == 6 and not address.ipv4_mapped:
            given = str(ip_network((address, NETWORK_BITS), strict=False))
    except ValueError:
        pass  # a Unix socket has no address: all behind it are one place
    return salted_hmac("tasks.thumbnailer.payers", given).hexdigest()
