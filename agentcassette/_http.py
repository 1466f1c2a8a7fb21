"""The seam of HTTP clients: a request becomes a call with a method, a URL and a body.

What ``httpx.Client.send`` and ``requests.Session.send`` take is an object with headers, which say
who asks, and with options, which say how long to wait. None of that is an argument of the call that
is taped. What they give is a response, and all of it is kept.
"""

from __future__ import annotations

import inspect
import json
from io import BytesIO
from typing import TYPE_CHECKING, Any, Callable

from agentcassette._calling import call, call_in_task
from agentcassette._http_streams import async_parts_of, made_of, made_of_async, parts_of
from agentcassette._intercept import dress
from agentcassette._seam import Seam, Target
from agentcassette._values import StandIn

__all__ = ["wrap_sending"]

if TYPE_CHECKING:
    Send = Callable[..., Any]

_JSON = ("application/json", "+json")
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/"


def wrap_sending(
    send: Send, cls: type, name: str, *, step: str, kind: str, active: Any
) -> Send | None:
    """Make the wrapper of a method that sends a request of httpx, httpx2 or requests.

    Args:
        send: The method, as it stands in its class.
        cls: The class that it was looked up in.
        name: The name that it has there.
        step: The name of its steps.
        kind: The kind of its steps.
        active: What is true as long as calls belong to a session.

    Returns:
        The wrapper; None where it is any other method.
    """
    defining = next(base for base in cls.__mro__ if name in vars(base))
    method = (defining.__module__, defining.__qualname__, name)
    if method not in _WRAPPERS:
        return None
    package = defining.__module__.partition(".")[0]
    seam = Seam(name=step, kind=kind, ignore=(), parameters=(), package=package)
    return dress(_WRAPPERS[method](send, seam, active), send, send, step)


def _wrap_httpx(send: Send, seam: Seam, active: Any) -> Send:
    def wrapper(client: Any, request: Any, **options: Any) -> Any:
        if not active or _stays_here(client):
            return send(client, request, **options)
        __tracebackhide__ = True
        if hasattr(request.stream, "__iter__"):  # if not, sending it is an error
            request.read()
        is_live = False

        def run(**_: Any) -> Any:
            nonlocal is_live
            is_live = True
            response = send(client, request, **options)
            return parts_of(response) if options.get("stream") else response

        given: Any = call(_target(run, seam), (), _asked_of_httpx(request))
        response = made_of(given) if inspect.isgenerator(given) else given
        return response if is_live else _answering(response, request)

    return wrapper


def _wrap_httpx_in_task(send: Send, seam: Seam, active: Any) -> Send:
    async def wrapper(client: Any, request: Any, **options: Any) -> Any:
        if not active or _stays_here(client):
            return await send(client, request, **options)
        __tracebackhide__ = True
        if hasattr(request.stream, "__aiter__"):
            await request.aread()
        is_live = False

        async def run(**_: Any) -> Any:
            nonlocal is_live
            is_live = True
            response = await send(client, request, **options)
            return async_parts_of(response) if options.get("stream") else response

        target = _target(run, seam, is_async=True)
        given = await call_in_task(target, (), _asked_of_httpx(request))
        response = await made_of_async(given) if inspect.isasyncgen(given) else given
        return response if is_live else _answering(response, request)

    return wrapper


def _wrap_requests(send: Send, seam: Seam, active: Any) -> Send:
    def wrapper(session: Any, request: Any, **options: Any) -> Any:
        if not active:
            return send(session, request, **options)
        __tracebackhide__ = True
        body = _body_of_requests(request)
        is_live = False

        def run(**_: Any) -> Any:
            nonlocal is_live
            is_live = True
            return send(session, request, **options)

        asked = _asked(request.method, request.url, body, request.headers)
        response = call(_target(run, seam), (), asked)
        return response if is_live else _answering(response, request)

    return wrapper


_WRAPPERS = {
    ("httpx", "Client", "send"): _wrap_httpx,
    ("httpx", "AsyncClient", "send"): _wrap_httpx_in_task,
    ("httpx2", "Client", "send"): _wrap_httpx,
    ("httpx2", "AsyncClient", "send"): _wrap_httpx_in_task,
    ("requests.sessions", "Session", "send"): _wrap_requests,
}


def _target(run: Send, seam: Seam, *, is_async: bool = False) -> Target:
    """What sends one request, whatever arguments its call is told to have."""
    return Target(run, seam, is_async, receives=False, args=(), kwargs={})


def _answering(response: Any, request: Any) -> Any:
    """A response from the tape with its request, which has neither headers nor a body there.

    After a redirection it is the answer to another request, as it is live.
    """
    if isinstance(response, StandIn) or not response.history:
        response.request = request
    return response


def _stays_here(client: Any) -> bool:
    """Whether a client asks an application in this process, as the test clients of web frameworks.

    The application is what is under test then, and what it asks for in turn is what is taped.
    """
    return hasattr(getattr(client, "_transport", None), "app")


def _asked_of_httpx(request: Any) -> dict[str, Any]:
    content = vars(request).get("_content", b"")
    return _asked(request.method, str(request.url), content, request.headers)


def _asked(method: str, url: str, body: Any, headers: Any) -> dict[str, Any]:
    """The arguments of the call; a request without a body has none."""
    asked = {"method": method, "url": url}
    return {**asked, "body": _said(body, headers.get("content-type") or "")} if body else asked


def _said(body: bytes, content_type: str) -> Any:
    """What a body says, in a form in which two that say the same are equal."""
    media_type, _, parameters = content_type.partition(";")
    media_type = media_type.strip().lower()
    if media_type.startswith(_MULTIPART):  # what separates its parts is drawn anew each time
        _, found, boundary = parameters.partition("boundary=")
        drawn = boundary.partition(";")[0].strip().strip('"').encode()
        return body.replace(drawn, b"boundary") if found and drawn else body
    try:
        if media_type.endswith(_JSON):
            return json.loads(body)
        if media_type == _FORM:
            from urllib.parse import parse_qs

            return parse_qs(body.decode(), keep_blank_values=True)
    except (ValueError, RecursionError):  # it is not what it says to be
        return body
    return body


def _body_of_requests(request: Any) -> bytes:
    """The body of a prepared request; one that can be read only once is left to be read again."""
    body = request.body
    if body is None or isinstance(body, (str, bytes)):
        return _bytes(body or b"")
    if not hasattr(body, "read"):
        request.body = [_bytes(chunk) for chunk in body]
        return b"".join(request.body)
    if hasattr(body, "seek"):
        place = body.tell()
        content = _bytes(body.read())
        body.seek(place)
        return content
    content = _bytes(body.read())
    request.body = BytesIO(content)
    return content


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text
