"""What httpx and requests gave live, they give again in strict replay, with the server down."""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import inspect
import io

import httpcore  # noqa: F401 - httpx imports it late: a run of pytester would forget it again
import httpx
import pytest
import requests
from server_http import WebServer

from agentcassette import Cassette, DivergenceError, intercepting, record, replay
from agentcassette._active import OPEN

# What newer SDKs speak through is not there on every Python.
LIBRARIES = [
    importlib.import_module(name)
    for name in ("httpx", "httpx2")
    if importlib.util.find_spec(name) is not None
]

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture
def proven(tmp_path):
    """Give a function that records an agent and replays it; it gives both results and the steps."""

    def proven(preset, agent, *given):
        def run(url):
            told = agent(*given, url)
            return asyncio.run(told) if inspect.iscoroutine(told) else told

        path = tmp_path / "cassette.json"
        with (
            WebServer() as server,
            intercepting(preset),
            record(path, redact=["key", "set-cookie"]),
        ):
            live = run(server.url)
        assert server.asked
        with intercepting(preset), replay(path, strict=True) as player:
            again = run(server.url)
        assert (player.remaining, player.divergences) == (0, [])
        return live, again, Cassette.load(path).steps

    return proven


# --- agents of a few lines ------------------------------------------------------------------


def ask(library, url):
    """Ask once, and look at all of the answer."""
    with library.Client(headers={"authorization": "Bearer a"}) as client:
        answer = client.post(f"{url}/said", json={"question": "why?"})
        told = (
            answer.json(),
            answer.text,
            answer.content,
            str(answer.url),
            list(answer.iter_lines()),
        )
        return told, answer.headers["content-type"], answer.request.headers["authorization"]


def follow(library, url):
    """Ask for what has moved."""
    with library.Client(follow_redirects=True) as client:
        answer = client.get(f"{url}/moved")
        return (
            answer.json(),
            str(answer.url)[len(url) :],
            [one.status_code for one in answer.history],
        )


def be_refused(library, url):
    """Ask for what is refused."""
    with library.Client() as client:
        answer = client.get(f"{url}/refused")
        with pytest.raises(library.HTTPStatusError) as caught:
            answer.raise_for_status()
        return str(caught.value), caught.value.response.json()


def read_lines(library, url):
    """Read an answer line by line."""
    with library.Client() as client, client.stream("GET", f"{url}/events") as answer:
        told = (
            answer.status_code,
            answer.headers["content-type"],
            answer.raise_for_status() is answer,
        )
        return told, list(answer.iter_lines()), answer.is_closed, answer.num_bytes_downloaded


def read_bytes(library, url):
    """Read an answer as it comes."""
    with library.Client() as client, client.stream("GET", f"{url}/zipped") as answer:
        return b"".join(answer.iter_bytes())


def read_raw(library, url):
    """Read an answer below everything that decodes it."""
    with library.Client() as client, client.stream("GET", f"{url}/events") as answer:
        return b"".join(answer.iter_raw())


def read_at_once(library, url):
    """Read what could have been read as it comes."""
    with library.Client() as client, client.stream("POST", f"{url}/said", json=[1]) as answer:
        answer.read()
        return answer.json(), answer.text


def follow_a_stream(library, url):
    """Read an answer that has moved as it comes."""
    client = library.Client(follow_redirects=True)
    with client, client.stream("GET", f"{url}/moved") as answer:
        return list(answer.iter_text()), str(answer.url)[len(url) :]


def read_a_part(library, url):
    """Leave an answer in the middle."""
    with library.Client() as client, client.stream("GET", f"{url}/events") as answer:
        return next(answer.iter_lines())


SYNC = [
    ask,
    follow,
    be_refused,
    read_lines,
    read_bytes,
    read_raw,
    read_at_once,
    follow_a_stream,
    read_a_part,
]


async def ask_async(library, url):
    """Ask once, and look at all of the answer."""
    async with library.AsyncClient(headers={"authorization": "Bearer a"}) as client:
        answer = await client.post(f"{url}/said", json={"question": "why?"})
        return answer.json(), answer.text, answer.request.headers["authorization"]


async def read_lines_async(library, url):
    """Read an answer line by line."""
    client = library.AsyncClient()
    async with client, client.stream("GET", f"{url}/events") as answer:
        return answer.status_code, [line async for line in answer.aiter_lines()], answer.is_closed


async def read_bytes_async(library, url):
    """Read an answer as it comes."""
    client = library.AsyncClient()
    async with client, client.stream("GET", f"{url}/zipped") as answer:
        return b"".join([chunk async for chunk in answer.aiter_bytes()])


async def read_at_once_async(library, url):
    """Read what could have been read as it comes."""
    client = library.AsyncClient()
    async with client, client.stream("POST", f"{url}/said", json=[1]) as answer:
        await answer.aread()
        return answer.json(), answer.text


async def read_a_part_async(library, url):
    """Leave an answer in the middle."""
    client = library.AsyncClient()
    async with client, client.stream("GET", f"{url}/events") as answer:
        return await answer.aiter_lines().__anext__()


async def ask_at_once_async(library, url):
    """Ask several times at once."""
    async with library.AsyncClient() as client:
        answers = await asyncio.gather(*(client.get(f"{url}/said?n={n}") for n in range(5)))
        return [answer.json() for answer in answers]


ASYNC = [
    ask_async,
    read_lines_async,
    read_bytes_async,
    read_at_once_async,
    read_a_part_async,
    ask_at_once_async,
]


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
@pytest.mark.parametrize("agent", [*SYNC, *ASYNC])
def test_what_httpx_gives_comes_back(proven, agent, library):
    """Everything that is built on httpx replays, if nothing better is wrapped."""
    live, again, _ = proven("httpx", agent, library)

    assert again == live


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library.__name__)
def test_a_request_is_taped_without_its_headers(proven, library):
    """They say who asks, with a key, and the body is what a person wants to read and compare."""
    _, _, [step] = proven("httpx", ask, library)

    url = step["arguments"]["kwargs"].pop("url")
    assert step["arguments"] == {
        "args": [],
        "kwargs": {"method": "POST", "body": {"question": "why?"}},
    }
    assert url.endswith("/said")
    assert (step["name"], step["type"]) == ("Client.send", "http")
    assert "Bearer" not in str(step)


def generated():
    """Give a body piece by piece."""
    yield b"one "
    yield b"two"


async def generated_async():
    """Give a body piece by piece, to an async client."""
    yield b"one "
    yield b"two"


FORM = {"name": "a", "key": "secret"}
BODIES = {
    "none": (dict, None),
    "JSON": (lambda: {"json": {"a": [1]}}, {"a": [1]}),
    "no JSON, although it says so": (
        lambda: {"content": b"{", "headers": {"content-type": "application/json"}},
        "{",
    ),
    "a form": (lambda: {"data": FORM}, {"name": ["a"], "key": "****"}),
    "text": (lambda: {"content": "caf\u00e9"}, "caf\u00e9"),
    "a generator": (lambda: {"content": generated()}, "one two"),
}


@pytest.mark.parametrize(("options", "body"), BODIES.values(), ids=list(BODIES))
def test_a_body_is_taped_as_what_it_says(proven, options, body):
    """A drift is told by its path in the JSON, and a secret of a form is known by its key."""

    def agent(url):
        return httpx.post(f"{url}/said", **options()).json()

    live, again, [step] = proven("httpx", agent)

    assert again == live
    assert step["arguments"]["kwargs"].get("body") == body


def test_a_body_that_comes_piece_by_piece_reaches_an_async_client(proven):
    """It is read to be compared, and sent all the same."""

    async def agent(url):
        async with httpx.AsyncClient() as client:
            return (await client.post(f"{url}/said", content=generated_async())).json()

    live, again, [step] = proven("httpx", agent)

    assert again == live
    assert live["body"] == step["arguments"]["kwargs"]["body"] == "one two"


def test_a_body_that_can_not_be_sent_fails_as_it_does_without_us(proven):
    """The mistake is that of the caller, and the text that explains it is that of httpx."""

    def agent(url):
        with pytest.raises(RuntimeError) as caught:
            httpx.post(url, content=generated_async())
        return str(caught.value), httpx.get(url).json()

    async def async_agent(url):
        async with httpx.AsyncClient() as client:
            with pytest.raises(RuntimeError) as caught:
                await client.post(url, content=generated())
            return str(caught.value), (await client.get(url)).json()

    for one, text in ((agent, "async request with a sync"), (async_agent, "sync request with an")):
        live, again, _ = proven("httpx", one)
        assert again == live
        assert text in live[0]


@pytest.mark.parametrize("library", [httpx, requests], ids=["httpx", "requests"])
def test_an_uploaded_file_is_the_same_in_every_run(proven, library):
    """What separates the parts of a form is drawn by chance."""
    files = {"file": ("a.txt", b"text", "text/plain"), "other": ("b.bin", b"\xff", None)}

    def agent(url):
        return library.post(f"{url}/said", files=files).json()["number"]

    live, again, [step] = proven(library.__name__, agent)

    assert again == live
    assert step["types"]["/arguments/kwargs/body"].startswith("bytes")


@pytest.mark.parametrize("library", [httpx, requests], ids=["httpx", "requests"])
def test_a_secret_in_a_url_is_known_by_its_key(proven, library):
    """It stands in the request, in the response, and in what was redirected."""

    def agent(url):
        answer = library.get(f"{url}/said", params={"key": "hidden-value", "q": "1"})
        return answer.status_code, str(answer.request.url)

    live, again, steps = proven(library.__name__, agent)

    assert again == live
    assert "hidden-value" not in str(steps[0]["arguments"])
    assert "hidden-value" not in str(steps[0]["result"]["request"])
    assert steps[0]["arguments"]["kwargs"]["url"].endswith("/said?key=****&q=1")


def test_a_changed_body_drifts_at_its_path(tmp_path):
    """Whoever reads the drift sees the place in the body that changed."""
    path = tmp_path / "cassette.json"
    with WebServer() as server, intercepting("httpx"), record(path):
        httpx.post(f"{server.url}/said", json={"messages": [{"content": "May"}]})

    with pytest.raises(DivergenceError) as drift, intercepting("httpx"), replay(path, strict=True):
        httpx.post(f"{server.url}/said", json={"messages": [{"content": "June"}]})

    assert "body.messages[0].content" in str(drift.value).partition("\n")[0]


def test_a_broken_connection_breaks_again(tmp_path):
    """What retries has something to retry in a replay, too."""
    path = tmp_path / "cassette.json"
    with WebServer() as server:
        pass

    def agent():
        with pytest.raises(httpx.ConnectError) as caught:
            httpx.get(server.url)
        return str(caught.value)

    with intercepting("httpx"), record(path):
        live = agent()
    with intercepting("httpx"), replay(path, strict=True):
        assert agent() == live


def test_an_application_that_is_asked_in_this_process_runs(tmp_path):
    """A web application under test is no service that it calls."""
    ran = []

    def application(environ, start):
        ran.append(environ["PATH_INFO"])
        start("200 OK", [])
        return [b"ran"]

    async def async_application(scope, receive, send):
        ran.append(scope["path"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ran"})

    async def ask_async_application():
        transport = httpx.ASGITransport(app=async_application)
        async with httpx.AsyncClient(transport=transport) as client:
            return (await client.get("http://app/b")).text

    with intercepting("httpx"), record(tmp_path / "cassette.json") as recorder:
        with httpx.Client(transport=httpx.WSGITransport(app=application)) as client:
            assert client.get("http://app/a").text == "ran"
        assert asyncio.run(ask_async_application()) == "ran"

    assert ran == ["/a", "/b"]
    assert recorder.steps == []


@pytest.fixture
def nobody_watches():
    """Let calls outside of a session pass through, although the plugin may watch this run."""
    watches = list(OPEN)
    OPEN.clear()
    yield
    OPEN[:] = watches


@pytest.mark.usefixtures("nobody_watches")
@pytest.mark.parametrize("preset", ["httpx", "requests"])
def test_outside_of_a_session_requests_are_sent(preset):
    """A block alone records nothing and answers nothing."""

    async def ask(url):
        async with httpx.AsyncClient() as client:
            return (await client.get(url)).status_code

    with WebServer() as server, intercepting(preset):
        assert httpx.get(server.url).status_code == 200
        assert requests.get(server.url).status_code == 200
        assert asyncio.run(ask(server.url)) == 200
        assert len(server.asked) == 3


# --- requests -------------------------------------------------------------------------------


def ask_requests(url):
    """Ask once, and look at all of the answer."""
    answer = requests.post(f"{url}/said", json={"question": "why?"}, headers={"key": "a"})
    told = answer.json(), answer.text, answer.content, answer.url, answer.ok, answer.encoding
    return told, answer.headers["content-type"], answer.request.headers["key"]


def follow_requests(url):
    """Ask for what has moved."""
    answer = requests.get(f"{url}/moved")
    return answer.json(), answer.url[len(url) :], [one.status_code for one in answer.history]


def be_refused_requests(url):
    """Ask for what is refused."""
    with pytest.raises(requests.HTTPError) as caught:
        requests.get(f"{url}/refused").raise_for_status()
    return str(caught.value), caught.value.response.json()


def read_requests(url):
    """Read answers in every way as they come."""
    with requests.Session() as session:
        with session.get(f"{url}/events", stream=True) as answer:
            lines = answer.status_code, list(answer.iter_lines())
        with session.get(f"{url}/zipped", stream=True) as answer:
            content = b"".join(answer.iter_content(None))
        with session.get(f"{url}/said", stream=True) as answer:
            return lines, content, answer.json(), answer.text


def upload_requests(url):
    """Send what can be read only once, and what can be read again."""

    class Pipe:
        def __init__(self, text):
            self.text = text

        def read(self, size=-1):
            text, self.text = self.text, b""
            return text

        def __len__(self):
            return len(self.text)

    again = io.BytesIO(b"skipped, read")
    again.seek(9)
    bodies = [generated(), io.StringIO("text"), Pipe(b"pipe"), again, "text", {"name": "a"}]
    return [requests.post(f"{url}/said", data=body).json()["body"] for body in bodies]


REQUESTS = [ask_requests, follow_requests, be_refused_requests, read_requests, upload_requests]


@pytest.mark.parametrize("agent", REQUESTS)
def test_what_requests_gives_comes_back(proven, agent):
    """Everything that is built on requests replays, if nothing better is wrapped."""
    live, again, _ = proven("requests", agent)

    assert again == live


def test_what_is_uploaded_with_requests_is_sent_and_compared(proven):
    """A body is read to be compared, and sent all the same, from where it stood."""
    live, _, steps = proven("requests", upload_requests)

    assert live == ["one two", "text", "pipe", "read", "text", "name=a"]
    bodies = [step["arguments"]["kwargs"]["body"] for step in steps]
    assert bodies == ["one two", "text", "pipe", "read", "text", {"name": ["a"]}]
