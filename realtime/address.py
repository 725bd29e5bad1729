from __future__ import annotations

from ipaddress import ip_address, ip_network

from django.http import HttpRequest

#: Of IPv6, what one household or machine gets: it may use any address in it.
NETWORK_BITS = 64


def address_of(request: HttpRequest) -> str:
    """The network a request comes from, to count by; "" when that is not known.

    Behind a proxy the web server has to take the address from the proxy's header.
    """
    given = str(request.META.get("REMOTE_ADDR") or "")
    try:
        address = ip_address(given.partition("%")[0])
    except ValueError:
        return ""
    if address.version == 4 or address.ipv4_mapped:
        return str(getattr(address, "ipv4_mapped", None) or address)
    return str(ip_network((address, NETWORK_BITS), strict=False))
