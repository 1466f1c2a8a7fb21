"""Connections and lookups that leave this machine, refused while somebody asks for that.

An audit hook sees them: Python asks it before each, whichever client makes it. A hook stays for as
long as the process lives, so there is one of it at most, and it does nothing while nobody guards.
"""

from __future__ import annotations

import socket
import sys
from contextlib import contextmanager
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address, IPv6Address

__all__ = ["NetworkGuard", "Reach"]

#: An event of our own: a hook that is there already answers it with its guards. It is found also
#: when this module was imported anew since, as pytester does with what its runs import.
_WHO_GUARDS = "pytest_agentcassette.guards"

_INTERNET = (socket.AF_INET, socket.AF_INET6)

_HOSTS = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

_DISCARD = 9  # a port; nothing is ever sent there


class Reach(NamedTuple):
    """What was reached for.

    Attributes:
        host: The name or the address.
        port: The port, or None where none was told.
        is_lookup: Whether a name was looked up, or an address; else it is a connection.
    """

    host: str
    port: int | str | None
    is_lookup: bool

    @property
    def place(self) -> str:
        """Host and port, as one writes them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


class NetworkGuard:
    """A context manager that refuses what leaves this machine, in all threads.

    Of several the one that came last decides.

    Args:
        refuse: Gives the error to raise in place of a connection or of a lookup.
    """

    def __init__(self, refuse: Callable[[Reach], Exception]) -> None:
        self.refuse = refuse

    def __enter__(self) -> None:
        _guards().append(self)

    def __exit__(self, *raised: object) -> None:
        _guards().remove(self)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Refuse nothing in a block, and go on where the outermost of them ends."""
        was_on = self in _guards()
        if was_on:
            self.__exit__()
        try:
            yield
        finally:
            if was_on:
                self.__enter__()


class _Probe(socket.socket):
    """A socket of our own, which the hook lets pass."""


def _guards() -> list[NetworkGuard]:
    """The guards of this process; where no hook knows any, it is installed now."""
    answers: list[list[NetworkGuard]] = []
    sys.audit(_WHO_GUARDS, answers)
    if not answers:
        answers.append([])
        sys.addaudithook(_hook(answers[0]))
    return answers[0]


def _hook(guards: list[NetworkGuard]) -> Callable[[str, tuple[Any, ...]], None]:
    def hook(event: str, args: tuple[Any, ...]) -> None:
        __tracebackhide__ = True
        if guards and event in _EVENTS:
            for guard in guards[-1:]:  # another thread may have taken it away just now
                _judge(event, args, guard)
        elif event == _WHO_GUARDS:
            args[0].append(guards)

    return hook


def _judge(event: str, args: tuple[Any, ...], guard: NetworkGuard) -> None:
    __tracebackhide__ = True
    for reach in _EVENTS[event](*args):
        if event == "socket.connect":
            args[0].close()  # who expects nothing but an OSError would never close it
        raise guard.refuse(reach)


def _connection(sock: socket.socket, address: Any) -> Iterator[Reach]:
    """What a socket connects to, or sends to, if that is elsewhere."""
    if sock.family in _INTERNET and isinstance(address, tuple) and not isinstance(sock, _Probe):
        host, port, *_ = address
        if not _is_here(_text(host)):
            yield Reach(_text(host), port, is_lookup=False)


def _lookup(host: Any, port: Any = None, *_: object) -> Iterator[Reach]:
    """The name that is looked up, if that is not this machine's; an address has no need to be."""
    name = _text(host)
    if _address(name) is None and not _is_here(name):
        yield Reach(name, _text(port) or None, is_lookup=True)


def _reverse_lookup(host: Any) -> Iterator[Reach]:
    """The address whose name is looked up, if that is elsewhere; it may be a name as well."""
    if not _is_here(_text(host)):
        yield Reach(_text(host), None, is_lookup=True)


def _reverse_lookup_of_socket(address: Any) -> Iterator[Reach]:
    yield from _reverse_lookup(address[0])


_EVENTS: dict[str, Callable[..., Iterator[Reach]]] = {
    "socket.connect": _connection,
    "socket.sendto": _connection,
    "socket.sendmsg": _connection,
    "socket.getaddrinfo": _lookup,
    "socket.gethostbyname": _lookup,
    "socket.gethostbyaddr": _reverse_lookup,
    "socket.getnameinfo": _reverse_lookup_of_socket,
}


def _text(host: Any) -> str:
    """A host or a port as text; nothing where none is named."""
    if isinstance(host, (bytes, bytearray)):
        return host.decode("ascii", "replace")
    return "" if host is None else str(host)


def _is_here(host: str) -> bool:
    """Whether a name or an address is one of this machine."""
    address = _address(host)
    if address is not None:
        return address.is_loopback or address.is_unspecified or _is_own(address)
    name = host.rstrip(".").casefold()
    return not name or name in _HOSTS or name.endswith(".localhost") or name == _own_name()


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _own_name() -> str:
    return socket.gethostname().rstrip(".").casefold()


def _is_own(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is one of this machine: it would be reached from itself.

    To connect a datagram socket sends nothing; it only chooses the way.
    """
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004 - of IP
    try:
        with _Probe(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), _DISCARD))
            return bool(probe.getsockname()[0] == str(address))
    except OSError:  # there is no way
        return False
