"""The text of a cassette -> a document, and what is wrong in it where.

A document is a plain dict, the JSON of the file with every field in its place. This module reads
no file and gives no meaning to a step; it only tells a cassette from what is none.
"""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from agentcassette._errors import CassetteFormatError
from agentcassette._fields import (
    DEFAULTS,
    DOCUMENT,
    STEP,
    Field,
    has_chunks,
    is_count,
    is_usual,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["REFERRING", "VERSION", "parse", "validate"]

VERSION = 1

#: The version in which arguments may refer to those of earlier steps. A document has whole values.
REFERRING = 2

# Deeper documents can't be laid out and replayed within Python's own limit of 1,000 frames.
# Recording cuts values before they make one.
_MAX_DEPTH = 400

_CONFLICT = re.compile(r"^(?:<<<<<<<|=======|>>>>>>>)(?: |$)", re.MULTILINE)

_OF_DOCUMENT = {field.name: field for field in DOCUMENT}
_OF_STEP = {field.name: field for field in STEP}


def parse(text: str, path: object = None) -> dict[str, Any]:
    """Read the text of a cassette.

    Args:
        text: The whole file.
        path: Where it came from, for errors only.

    Returns:
        The document, every field of a step in its place.

    Raises:
        CassetteFormatError: The text is no JSON, or no cassette of a known version.
    """
    try:
        # A byte order mark is what only `loads` tells of.
        document = json.loads(text) if text.startswith("\ufeff") else _decode(text)
    except json.JSONDecodeError as error:
        conflict = _CONFLICT.search(text)
        if conflict:
            line = text.count("\n", 0, conflict.start()) + 1
            problem = "a merge conflict was left in the file: keep one side, or record it again"
            raise CassetteFormatError(path, line, problem) from None
        raise CassetteFormatError(path, error.lineno, f"no valid JSON: {error.msg}") from None
    except ValueError as error:
        raise CassetteFormatError(path, None, f"no valid JSON: {error}") from None
    except RecursionError:
        raise CassetteFormatError(path, None, "no cassette: nested too deeply") from None
    may_be_deep = text.count("[") + text.count("{") > _MAX_DEPTH
    locate = partial(_line_of_step, text)
    return _checked(document, path, locate=locate, may_be_deep=may_be_deep)


def validate(document: Any, path: object = None) -> dict[str, Any]:
    """Check a document and fill in the fields of its steps that a writer may leave out.

    Args:
        document: What the JSON of the file says.
        path: Where it came from, for errors only.

    Returns:
        A new document; the steps are new dicts that share their values with the given ones.

    Raises:
        CassetteFormatError: The document is no cassette of a known version.
    """
    return _checked(document, path, locate=None, may_be_deep=True)


def _checked(
    document: Any, path: object, *, locate: Callable[[int], int] | None, may_be_deep: bool
) -> dict[str, Any]:
    """As `validate`, with what is known of the text: its lines, and that few values are open."""
    problem = _problem_of_document(document, may_be_deep=may_be_deep)
    if problem:
        raise CassetteFormatError(path, None, problem)

    def check(step: object, index: int, fault: str = "") -> None:
        problem = fault or _problem_of_step(step, index)
        if problem:
            line = locate(index) if locate else None
            raise CassetteFormatError(path, line, f"step {index}{problem}")

    steps = document["steps"]
    if document["version"] == REFERRING:
        steps = _resolved(steps, check)
    else:
        for index, step in enumerate(steps):
            if not is_usual(step, index):
                check(step, index)
    whole = {"recorded_at": None, "model": None, **document}
    whole["duration_ms"] = document.get("duration_ms") or 0.0
    whole["steps"] = [{"index": index, **DEFAULTS, **step} for index, step in enumerate(steps)]
    return whole


def _resolved(steps: list[Any], check: Callable[..., None]) -> list[dict[str, Any]]:
    """The steps with whole values; each is checked before a later one may refer to it."""
    from agentcassette._references import ReferenceFault, Resolver

    resolver = Resolver()
    for index, step in enumerate(steps):
        whole, fault = step, ""
        if isinstance(step, dict) and isinstance(step.get("arguments"), dict):
            try:
                whole = resolver.resolve(step)
            except ReferenceFault as error:
                fault = f": {error}"
            except RecursionError:
                fault = " is nested too deeply"
        check(whole, index, fault)
        resolver.steps.append(whole)
    return resolver.steps


def _problem_of_document(document: object, *, may_be_deep: bool) -> str:
    """What is wrong with a document, its steps aside, or nothing."""
    if not isinstance(document, dict):
        return "no cassette: the file holds no JSON object"
    if may_be_deep and _is_too_deep(document):
        return "no cassette: nested too deeply"
    for name in ("version", "steps"):
        if document.get(name) is None:
            return f'no cassette: it has no "{name}"'
    version = document["version"]
    if is_count(version) and version not in (VERSION, REFERRING):
        known = f"versions {VERSION} and {REFERRING}"
        return f"unknown cassette version {version}: this agentcassette reads {known}"
    return _problem_of_fields(document, _OF_DOCUMENT, unsaid=None)


def _problem_of_step(step: object, index: int) -> str:
    """What is wrong with a step, or nothing."""
    if not isinstance(step, dict):
        return " is no object"
    for name in ("name", "arguments"):
        if name not in step:
            return f' has no "{name}"'
    problem = _problem_of_fields(step, _OF_STEP)
    return f": {problem}" if problem else _contradiction(step, index)


def _problem_of_fields(
    said: dict[str, Any], fields: dict[str, Field], *, unsaid: object = ...
) -> str:
    """Which of the known fields holds what it can't, or nothing; one value may say nothing."""
    for name, value in said.items():
        if value is not unsaid and name in fields and not fields[name].is_good(value):
            return f'"{name}" is no {fields[name].wanted}'
    return ""


def _contradiction(step: dict[str, Any], index: int) -> str:
    """Which of its fields a step can't have at its place, or nothing."""
    if step.get("index", index) != index:
        return f' has the "index" {step["index"]}'
    if "parent" in step and step["parent"] >= index:
        return f': its "parent" {step["parent"]} is no earlier step'
    if not has_chunks(step):
        return ': it has a "stream", and "result" is no list'
    return ""


def _is_too_deep(document: dict[str, Any]) -> bool:
    """Whether more lists and objects lie in one another than can be dealt with."""
    level: list[Any] = [document]
    is_literal = document.get("version") == REFERRING  # which takes a level of its own
    for _ in range(_MAX_DEPTH + is_literal):
        items = [item for above in level for item in _items(above)]
        level = [item for item in items if isinstance(item, (dict, list))]
        if not level:
            return False
    return True


def _items(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def _line_of_step(text: str, index: int) -> int:
    """The line on which a step begins, in the text of a document that has steps."""
    scan = json.JSONDecoder().raw_decode

    def after_space(at: int) -> int:
        while text[at] in " \t\r\n,:":
            at += 1
        return at

    steps = 0
    at = after_space(text.index("{") + 1)
    while text[at] == '"':
        key, at = scan(text, at)
        at = after_space(at)
        if key == "steps":  # the last one counts, as it does for the parser
            steps = at
        at = after_space(scan(text, at)[1])
    at = after_space(steps + 1)
    for _ in range(index):
        at = after_space(scan(text, at)[1])
    return text.count("\n", 0, at) + 1


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number - number:  # which is zero for all numbers but the infinite ones
        raise ValueError("a number is too large")
    return number


_decode = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite).decode
