"""What leaves this machine is refused, whichever client makes it; what stays here is not."""

from __future__ import annotations

import asyncio
import http.client
import http.server
import importlib
import socket
import sys
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import aiohttp
import httpx
import pytest
import requests
import trio

from agentcassette import LiveCallBlocked
from pytest_agentcassette import _network
from pytest_agentcassette._causes import chain
from pytest_agentcassette._guards import network_guard
from pytest_agentcassette._network import NetworkGuard, Reach
from pytest_agentcassette._refusals import REFUSALS, Refusals

ELSEWHERE = "198.51.100.1"  # an address for documents: nobody has it
ELSEWHERE_6 = "2001:db8::1"
NAME = "api.example.invalid"


class RefusedError(Exception):
    """Stand for the error of whoever guards."""


@pytest.fixture
def reached():
    """Guard for the time of a test, and give the list of what was reached for."""
    reached = []

    def refuse(reach):
        reached.append(reach)
        return RefusedError(reach.place)

    with NetworkGuard(refuse):
        yield reached


def udp(host, family=socket.AF_INET):
    """Choose a way to a host: nothing is sent, whoever it is."""
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.connect((host, 9))


def send(method, *args):
    """Send a datagram that must not leave."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        getattr(sock, method)(*args)


def connect(method, address, family=socket.AF_INET):
    """Connect a stream."""
    with socket.socket(family) as sock:
        getattr(sock, method)(address)


def ask_with_http_client():
    """As urllib and many others do."""
    with closing(http.client.HTTPConnection(NAME)) as connection:
        connection.request("GET", "/")


async def ask_with_aiohttp(host):
    """With its own way to try several addresses."""
    async with aiohttp.ClientSession() as session:
        await session.get(f"http://{host}/")


async def ask_with_httpx(host):
    """Through anyio or asyncio, as it likes."""
    async with httpx.AsyncClient() as client:
        await client.get(f"http://{host}/")


async def open_datagram_endpoint():
    """A transport without a connection."""
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=(ELSEWHERE, 9))


async def look_up(method, *args):
    """On a thread of the event loop's pool."""
    await getattr(asyncio.get_running_loop(), method)(*args)


def in_thread():
    """On a thread that nobody has told of anything."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(udp, ELSEWHERE).result()


CONNECTIONS = {
    "connect": (lambda: connect("connect", (ELSEWHERE, 80)), f"{ELSEWHERE}:80"),
    "connect_ex": (lambda: connect("connect_ex", (ELSEWHERE, 80)), f"{ELSEWHERE}:80"),
    "create_connection": (lambda: socket.create_connection((ELSEWHERE, 1)), f"{ELSEWHERE}:1"),
    "connect, IPv6": (
        lambda: connect("connect", (ELSEWHERE_6, 80), socket.AF_INET6),
        f"[{ELSEWHERE_6}]:80",
    ),
    "IPv4 in IPv6": (
        lambda: connect("connect", (f"::ffff:{ELSEWHERE}", 80), socket.AF_INET6),
        f"[::ffff:{ELSEWHERE}]:80",
    ),
    "a connected datagram socket": (lambda: udp(ELSEWHERE), f"{ELSEWHERE}:9"),
    "sendto": (lambda: send("sendto", b"x", (ELSEWHERE, 9)), f"{ELSEWHERE}:9"),
    "sendto with flags": (lambda: send("sendto", b"x", 0, (ELSEWHERE, 9)), f"{ELSEWHERE}:9"),
    "sendmsg": (lambda: send("sendmsg", [b"x"], [], 0, (ELSEWHERE, 9)), f"{ELSEWHERE}:9"),
    "multicast": (lambda: send("sendto", b"x", ("224.0.0.1", 9)), "224.0.0.1:9"),
    "broadcast": (lambda: send("sendto", b"x", ("255.255.255.255", 9)), "255.255.255.255:9"),
    "urllib": (lambda: urllib.request.urlopen(f"http://{ELSEWHERE}/"), f"{ELSEWHERE}:80"),
    "requests": (lambda: requests.get(f"http://{ELSEWHERE}/", timeout=9), f"{ELSEWHERE}:80"),
    "httpx": (lambda: httpx.get(f"http://{ELSEWHERE}/"), f"{ELSEWHERE}:80"),
    "aiohttp": (lambda: asyncio.run(ask_with_aiohttp(ELSEWHERE)), f"{ELSEWHERE}:80"),
    "asyncio": (lambda: asyncio.run(asyncio.open_connection(ELSEWHERE, 80)), f"{ELSEWHERE}:80"),
    "asyncio, datagrams": (lambda: asyncio.run(open_datagram_endpoint()), f"{ELSEWHERE}:9"),
    "a thread": (in_thread, f"{ELSEWHERE}:9"),
}

LOOKUPS = {
    "getaddrinfo": (lambda: socket.getaddrinfo(NAME, 443), f"{NAME}:443"),
    "getaddrinfo of bytes": (lambda: socket.getaddrinfo(NAME.encode(), b"https"), f"{NAME}:https"),
    "getaddrinfo without a port": (lambda: socket.getaddrinfo(NAME, None), NAME),
    "gethostbyname": (lambda: socket.gethostbyname(NAME), NAME),
    "gethostbyname_ex": (lambda: socket.gethostbyname_ex(NAME), NAME),
    "gethostbyaddr": (lambda: socket.gethostbyaddr(ELSEWHERE), ELSEWHERE),
    "getnameinfo": (lambda: socket.getnameinfo((ELSEWHERE, 80), 0), ELSEWHERE),
    "getfqdn": (lambda: socket.getfqdn(NAME), NAME),
    "http.client": (ask_with_http_client, f"{NAME}:80"),
    "urllib": (lambda: urllib.request.urlopen(f"http://{NAME}/"), f"{NAME}:80"),
    "requests": (lambda: requests.get(f"http://{NAME}/", timeout=9), f"{NAME}:80"),
    "httpx": (lambda: httpx.get(f"https://{NAME}/"), f"{NAME}:443"),
    "httpx, async": (lambda: asyncio.run(ask_with_httpx(NAME)), f"{NAME}:80"),
    "aiohttp": (lambda: asyncio.run(ask_with_aiohttp(NAME)), f"{NAME}:80"),
    "trio": (lambda: trio.run(trio.open_tcp_stream, NAME, 80), f"{NAME}:80"),
    "asyncio": (lambda: asyncio.run(asyncio.open_connection(NAME, 80)), f"{NAME}:80"),
    "asyncio, getaddrinfo": (lambda: asyncio.run(look_up("getaddrinfo", NAME, 80)), f"{NAME}:80"),
    "asyncio, getnameinfo": (
        lambda: asyncio.run(look_up("getnameinfo", (ELSEWHERE, 80))),
        ELSEWHERE,
    ),
}


@pytest.mark.parametrize(("reach", "place"), CONNECTIONS.values(), ids=CONNECTIONS)
def test_a_connection_is_refused(reached, reach, place):
    """No client takes the error for one of the network, or hides what it says."""
    with pytest.raises(RefusedError, match=place.replace("[", r"\[")):
        reach()

    assert [(one.place, one.is_lookup) for one in reached] == [(place, False)]


@pytest.mark.parametrize(
    "reach",
    [
        lambda: asyncio.run(ask_with_httpx(ELSEWHERE)),
        lambda: trio.run(ask_with_httpx, ELSEWHERE),
        lambda: trio.run(trio.open_tcp_stream, ELSEWHERE, 80),
    ],
    ids=["anyio on asyncio", "anyio on trio", "trio"],
)
def test_a_connection_in_a_group_of_tasks_is_refused(reached, reach):
    """Some make it there, and put every error into a group."""
    with pytest.raises(Exception, match=f"TaskGroup|nursery|{ELSEWHERE}") as caught:
        reach()

    assert RefusedError in map(type, chain(caught.value))
    assert [one.place for one in reached] == [f"{ELSEWHERE}:80"]


@pytest.mark.parametrize(("reach", "place"), LOOKUPS.values(), ids=LOOKUPS)
def test_a_lookup_is_refused(reached, reach, place):
    """With its name, which the connection that follows would no longer have."""
    with pytest.raises(RefusedError, match=place):
        reach()

    assert {(one.place, one.is_lookup) for one in reached} == {(place, True)}


class Server(http.server.ThreadingHTTPServer):
    """A server on this machine."""

    daemon_threads = True


class Handler(http.server.BaseHTTPRequestHandler):
    """It answers, and says nothing of it."""

    def do_GET(self):
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *args):
        """Keep quiet."""


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", ""])
def test_a_server_on_this_machine_is_reached(reached, host):
    """It is started and asked while the guard is there, by every client."""

    async def ask(url):
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            first = await answer.text()
        async with httpx.AsyncClient() as client:
            return first, (await client.get(url)).text

    with Server((host, 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ["127.0.0.1", "localhost", "0.0.0.0"]:
            url = f"http://{name}:{server.server_port}/"
            assert urllib.request.urlopen(url).read() == b"ok"
            assert requests.get(url, timeout=9).text == "ok"
            assert httpx.get(url).text == "ok"
            assert asyncio.run(ask(url)) == ("ok", "ok")
        server.shutdown()

    assert reached == []


def own_addresses():
    """Tell the addresses of this machine that are not those of the loopback."""
    for family, elsewhere in [(socket.AF_INET, ELSEWHERE), (socket.AF_INET6, ELSEWHERE_6)]:
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            try:
                sock.connect((elsewhere, 9))
            except OSError:  # there is no network of that sort
                continue
            yield family, sock.getsockname()[0]


HERE = {
    "127.0.0.0/8": lambda: udp("127.1.2.3"),
    "IPv6": lambda: udp("::1", socket.AF_INET6),
    "IPv4 in IPv6": lambda: udp("::ffff:127.0.0.1", socket.AF_INET6),
    "any": lambda: udp("0.0.0.0"),
    "any, IPv6": lambda: udp("::", socket.AF_INET6),
    "no name": lambda: udp(""),
    "localhost": lambda: udp("localhost"),
    "nothing to look up": lambda: socket.getaddrinfo(None, 80),
    "an address, which is no name": lambda: socket.getaddrinfo(ELSEWHERE, 80),
    "reversed": lambda: socket.gethostbyaddr("127.0.0.1"),
    "getnameinfo": lambda: socket.getnameinfo(("127.0.0.1", 80), socket.NI_NUMERICHOST),
    "the own name": lambda: socket.getaddrinfo(socket.gethostname(), 80),
    "what servers ask": socket.getfqdn,
    "bind": lambda: connect("bind", ("0.0.0.0", 0)),
}


@pytest.mark.parametrize("reach", HERE.values(), ids=HERE)
def test_what_stays_on_this_machine_is_let_through(reached, reach):
    """A test may have a server of its own."""
    reach()

    assert reached == []


def test_the_own_addresses_are_this_machine():
    """Whoever listens on all of them may be asked by any of them."""
    addresses = list(own_addresses())

    with NetworkGuard(lambda reach: RefusedError(reach.place)):
        for family, address in addresses:
            udp(address, family)


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("localhost", True),
        ("LocalHost.", True),
        ("app.localhost", True),
        ("localhost.localdomain", True),
        ("ip6-localhost", True),
        (socket.gethostname().upper(), True),
        ("localhost.example.com", False),
        ("mylocalhost", False),
        (f"{socket.gethostname()}.example.com", False),
        ("127.0.0.1.example.com", False),
        ("128.0.0.1", False),
        ("::ffff:127.9.9.9", True),
        (f"::ffff:{ELSEWHERE}", False),
        ("fe80::1%nowhere", False),
    ],
)
def test_the_names_of_this_machine(host, is_here):
    """All below `localhost` are its own by definition, whether the resolver knows them or not."""
    assert _network._is_here(host) is is_here


def test_unix_sockets(reached, tmp_path):
    """They lead nowhere else."""
    with socket.socket(socket.AF_UNIX) as sock, pytest.raises(FileNotFoundError):
        sock.connect(str(tmp_path / "nobody"))

    assert reached == []


def test_what_is_no_address_is_pythons_business(reached):
    """Its error is the one that everybody knows."""
    with pytest.raises(TypeError):
        connect("connect", "localhost:80")
    with pytest.raises(OSError, match="address required"):
        send("sendmsg", [b"x"])

    assert reached == []


def test_a_refused_socket_is_closed(reached):
    """Who expects nothing but an OSError of it would leave it open, and Python would complain."""
    with socket.socket() as sock:
        with pytest.raises(RefusedError):
            sock.connect((ELSEWHERE, 80))

        assert sock.fileno() == -1


class TestGuardsInOneProcess:
    """The hook stays; what it does is up to the guards."""

    def test_nothing_is_refused_afterwards(self):
        """Nor is anything kept."""
        with NetworkGuard(RefusedError):
            pass

        udp(ELSEWHERE)

    def test_a_pause(self, reached):
        """For what does not belong to the test."""
        guard = NetworkGuard(lambda reach: RefusedError(f"inner {reach.place}"))
        with guard:
            with guard.paused(), pytest.raises(RefusedError, match=f"^{ELSEWHERE}:9"):
                udp(ELSEWHERE)
            with pytest.raises(RefusedError, match="inner"):
                udp(ELSEWHERE)

        assert len(reached) == 1

    def test_a_pause_in_a_pause(self):
        """The guard goes on at the end of the outer one."""
        guard = NetworkGuard(RefusedError)
        with guard:
            with guard.paused():
                with guard.paused():
                    udp(ELSEWHERE)
                udp(ELSEWHERE)
            with pytest.raises(RefusedError):
                udp(ELSEWHERE)

    def test_the_last_one_decides(self, reached):
        """A run of pytest inside of another one fails its own tests."""
        with (
            NetworkGuard(lambda reach: RefusedError("inner")),
            pytest.raises(RefusedError, match="inner"),
        ):
            udp(ELSEWHERE)

        assert reached == []

    def test_there_is_one_hook_whoever_imports_the_module(self, reached, monkeypatch):
        """pytester imports it anew for each of its runs."""
        hooks = []
        monkeypatch.setattr(sys, "addaudithook", hooks.append)
        monkeypatch.delitem(sys.modules, _network.__name__)
        again = importlib.import_module(_network.__name__)

        assert again is not _network
        with (
            again.NetworkGuard(lambda reach: RefusedError("again")),
            pytest.raises(RefusedError, match="again"),
        ):
            udp(ELSEWHERE)
        assert hooks == []

    def test_the_first_guard_installs_the_hook(self, monkeypatch):
        """A process that guards nothing has none."""
        hooks = []
        monkeypatch.setattr(sys, "audit", lambda *args: None)  # as if nobody had answered
        monkeypatch.setattr(sys, "addaudithook", hooks.append)

        assert _network._guards() == []
        assert len(hooks) == 1


class TestTheHookItself:
    """Called as a function, which a debugger can follow: Python traces no audit hook."""

    @pytest.fixture
    def hook(self):
        """Give a hook of its own, with one guard."""
        return _network._hook([NetworkGuard(lambda reach: RefusedError(reach.place))])

    @pytest.mark.parametrize(
        ("event", "args", "place"),
        [
            ("socket.getaddrinfo", (NAME, 443, 0, 0, 0), f"{NAME}:443"),
            ("socket.getaddrinfo", (NAME.encode(), None, 0, 0, 0), NAME),
            ("socket.gethostbyname", (NAME,), NAME),
            ("socket.gethostbyaddr", (ELSEWHERE,), ELSEWHERE),
            ("socket.getnameinfo", ((ELSEWHERE, 80),), ELSEWHERE),
        ],
    )
    def test_lookups(self, hook, event, args, place):
        """Each event names its host in its own way."""
        with pytest.raises(RefusedError, match=f"^{place}$"):
            hook(event, args)

    @pytest.mark.parametrize("event", ["socket.connect", "socket.sendto", "socket.sendmsg"])
    def test_connections(self, hook, event):
        """Only a socket that has nothing else to do is closed."""
        with socket.socket() as sock:
            with pytest.raises(RefusedError, match=f"^{ELSEWHERE}:80$"):
                hook(event, (sock, (ELSEWHERE, 80)))

            assert (sock.fileno() == -1) is (event == "socket.connect")

    def test_what_is_let_through(self, hook):
        """This machine, addresses that are no names, the probe, and all other events."""
        for family, address in own_addresses():
            with socket.socket(family) as sock:
                hook("socket.connect", (sock, (address, 80)))
        with socket.socket() as sock, _network._Probe() as probe:
            hook("socket.connect", (sock, ("localhost", 80)))
            hook("socket.sendmsg", (sock, None))
            hook("socket.connect", (probe, (ELSEWHERE, 80)))
        hook("socket.getaddrinfo", (ELSEWHERE, 80, 0, 0, 0))
        hook("socket.gethostbyaddr", ("127.0.0.1",))
        hook("open", ("file", "r", 0))

    def test_whoever_asks_is_told_who_guards(self, hook):
        """So no second hook is installed."""
        answers = []
        hook("pytest_agentcassette.guards", (answers,))

        assert len(answers) == 1
        assert len(answers[0]) == 1

    def test_without_a_guard(self):
        """It does nothing."""
        _network._hook([])("socket.getaddrinfo", (NAME, 443, 0, 0, 0))


def test_the_guard_of_a_test(request):
    """Its error is noted before it is raised."""
    guard = network_guard(request.node, test="test_it.py::test_plan", remedy="pytest --again")

    lookup = guard.refuse(Reach(NAME, 443, is_lookup=True))
    connection = guard.refuse(Reach(ELSEWHERE, None, is_lookup=False))
    refusals = request.node.stash.get(REFUSALS, None)
    del request.node.stash[REFUSALS]  # or this test would fail for them

    assert str(lookup).splitlines()[0] == f"network blocked in replay: lookup of {NAME}:443"
    assert (
        str(connection).splitlines()[0] == f"network blocked in replay: connection to {ELSEWHERE}"
    )
    assert "(pytest --again)" in lookup.reason
    assert (lookup.name, connection.name) == (f"{NAME}:443", ELSEWHERE)
    assert str(refusals.unnoticed()) == str(lookup)


def test_what_was_told_is_not_noted_again():
    """The clean-up of a test may try the same."""
    refusals, error = Refusals(), LiveCallBlocked("ask", "no")
    refusals.note(error)
    refusals._tell([str(error)])
    refusals.note(error)

    assert refusals.unnoticed() is None


@pytest.mark.parametrize(
    ("reach", "place"),
    [
        (Reach("example.com", 80, is_lookup=True), "example.com:80"),
        (Reach("example.com", None, is_lookup=True), "example.com"),
        (Reach("::1", 80, is_lookup=False), "[::1]:80"),
    ],
)
def test_a_place_is_written_as_in_urls(reach, place):
    """An address of IPv6 has colons of its own."""
    assert reach.place == place
