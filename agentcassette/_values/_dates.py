"""Dates, times, durations and time zones."""

from __future__ import annotations

import re
import sys
from types import BuiltinFunctionType
from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, Codec, Misfit, Reader, Writer, expect
from agentcassette._values._names import class_name, mro, standard_class
from agentcassette._values._texts import Text
from agentcassette._values._tree import lost

if TYPE_CHECKING:
    import datetime as dt

    from agentcassette._values._tree import Node

__all__ = ["Moment", "read_date", "read_duration", "write_date", "write_duration"]

_DERIVED_FROM = frozenset({"datetime:date", "datetime:datetime"})
_PARTS = ("year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo")
_ZONE_NAME = r"[^,=\[\]()]+"
_DURATION = r"(-?)PT(\d+)(?:\.(\d{6}))?S"


class Moment:
    """A datetime or a time of day, in ISO 8601, with what that can't say behind the type name.

    ``datetime`` alone is naive or has a fixed offset; ``datetime[zone=Europe/Berlin]`` has a zone
    of ``zoneinfo``, ``datetime[name=CET]`` a fixed offset with a name, ``datetime[TzInfo]`` the
    fixed offset that pydantic makes. Any other time zone comes back as a fixed offset.

    Args:
        name: The type name.
        base: The class of the standard library, ``datetime`` or ``time``.
    """

    def __init__(self, name: str, base: str) -> None:
        self.name = name
        self.base = base

    def encode(self, value: Any, pointer: str, writer: Writer) -> JSON:
        """Give the text."""
        notes = [_zone_note(value.tzinfo)] if value.tzinfo is not None else []
        notes += ["fold=1"] if value.fold else []
        said = ",".join(filter(None, notes))
        writer.types[pointer] = f"{self.name}[{said}]" if said else self.name
        base: Any = standard_class(f"datetime:{self.base}")
        return base.isoformat(value)

    def decode(self, cls: type, json: JSON, node: Node, reader: Reader) -> object:
        """Make the moment."""
        del reader
        base: Any = standard_class(f"datetime:{self.base}")
        moment = base.fromisoformat(expect(json, str, self.name))
        said = node.name.partition("[")[2].rstrip("]")
        notes = dict(note.partition("=")[::2] for note in said.split(","))
        moment = moment.replace(
            tzinfo=_zone(notes, moment.tzinfo), fold=1 if notes.get("fold") == "1" else 0
        )
        if type(moment) is cls:
            return moment
        return base.__new__(cls, *(getattr(moment, part) for part in _PARTS), fold=moment.fold)


def _zone_note(zone: Any) -> str:
    cls = type(zone)
    if cls.__module__ == "zoneinfo" and zone.key and re.fullmatch(_ZONE_NAME, zone.key):
        return f"zone={zone.key}"
    if cls.__module__ == "datetime":
        arguments = zone.__getinitargs__()
        if len(arguments) > 1 and re.fullmatch(_ZONE_NAME, arguments[1]):
            return f"name={arguments[1]}"
    return "TzInfo" if cls is _pydantic_zone() else ""


def _zone(notes: dict[str, str], offset: dt.tzinfo | None) -> dt.tzinfo | None:
    import datetime as dt

    if "zone" in notes:
        import zoneinfo

        return zoneinfo.ZoneInfo(notes["zone"])
    if offset is None:
        return None
    ahead = offset.utcoffset(None)
    if ahead is not None and "name" in notes:
        return dt.timezone(ahead, notes["name"])
    if ahead is not None and "TzInfo" in notes:
        zone = _pydantic_zone()
        if zone is None:
            raise Misfit("write `import pydantic` where the test or its conftest.py imports")
        made: dt.tzinfo = zone(int(ahead.total_seconds()))
        return made
    return offset


def write_timezone(value: Any) -> str:
    """Give the text of a fixed offset, and its name if it has one."""
    ahead, *name = value.__getinitargs__()
    return " ".join([write_duration(ahead), *name])


def read_timezone(cls: Any, text: str) -> object:
    """Make a fixed offset."""
    import datetime as dt

    ahead, *name = text.split(" ", 1)
    duration = read_duration(dt.timedelta, ahead)
    return cls(duration, *name) if name or duration else dt.timezone.utc


def write_zone(value: Any) -> str:
    """Give the key of a zone.

    Raises:
        Misfit: It has none: it was read from a file.
    """
    if type(value.key) is not str:
        raise Misfit("the zone has no key")
    key: str = value.key
    return key


def _pydantic_zone() -> Any:
    module = sys.modules.get("pydantic_core")
    return None if module is None else vars(module).get("TzInfo")


def write_date(value: dt.date) -> str:
    """Give the text of a date."""
    base: Any = standard_class("datetime:date")
    text: str = base.isoformat(value)
    return text


def read_date(cls: type, text: str) -> object:
    """Make a date of a class."""
    base: Any = standard_class("datetime:date")
    date = base.fromisoformat(text)
    return base.__new__(cls, date.year, date.month, date.day)


def write_duration(value: dt.timedelta) -> str:
    """Give the text of a duration: its seconds, in ISO 8601."""
    microseconds = (value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds
    seconds, fraction = divmod(abs(microseconds), 1_000_000)
    sign = "-" if microseconds < 0 else ""
    return f"{sign}PT{seconds}.{fraction:06}S" if fraction else f"{sign}PT{seconds}S"


def read_duration(cls: type, text: str) -> object:
    """Make a duration."""
    found = re.fullmatch(_DURATION, text)
    if found is None:
        raise Misfit("a duration is kept as PT90S or PT1.500000S: record it again")
    sign, seconds, fraction = found.groups()
    duration = cls(seconds=int(seconds), microseconds=int(fraction or 0))
    return -duration if sign else duration


def moment_codec(cls: type, name: str) -> Codec | None:
    """Give the codec of a class derived from ``datetime`` or ``date``; None for any other class.

    A class written in C may hold more than its base, such as nanoseconds: it can't be restored.
    """
    base = next((base for base in mro(cls) if class_name(base) in _DERIVED_FROM), None)
    if base is None:
        return None
    new = next(vars(kind)["__new__"] for kind in mro(cls) if _is_builtin(vars(kind).get("__new__")))
    known = name if new is vars(base)["__new__"] else lost(name)
    if base.__name__ == "date":
        return Text(known, write_date, read_date)
    return Moment(known, "datetime")


def _is_builtin(new: object) -> bool:
    return isinstance(new, BuiltinFunctionType)
