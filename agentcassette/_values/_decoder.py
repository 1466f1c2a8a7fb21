"""JSON beside a map of its types becomes a value again, whatever the JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agentcassette._values._codec import JSON, REDACTED, Misfit, copied
from agentcassette._values._placeholder import Lost, Unreplayable, UnreplayableError, lost_of
from agentcassette._values._tree import Node, tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agentcassette._values._codec import Codec

__all__ = ["Decoder", "decode", "decode_error", "decode_items"]

_NOT_KEPT = (
    "it could not be kept when it was recorded: hand over data instead, or tell how to keep it with"
    " agentcassette.register_type, and record again"
)


def decode(
    json: JSON,
    types: dict[str, str],
    *,
    step_index: int | None = None,
    package: str | None = None,
) -> Any:
    """Make a fresh value of what ``encode`` gave.

    No code is run from the JSON: classes are looked up among the imported modules, and only values
    of known kinds of classes are made. Whatever can't be restored becomes a placeholder that raises
    ``UnreplayableValue`` when it is used.

    Args:
        json: The JSON.
        types: The type names of its places.
        step_index: The step that it belongs to, for that error.
        package: The top-level package whose submodules may be imported to find a class.

    Returns:
        The value; it shares nothing with the JSON.
    """
    return Decoder(step_index, package).read_whole(json, tree(types))


def decode_items(
    json: list[JSON],
    types: dict[str, str],
    *,
    step_index: int | None = None,
    package: str | None = None,
) -> Iterator[Any]:
    """Make fresh values of the items of a list, each when it is asked for.

    The arguments are those of ``decode``.
    """
    decoder = Decoder(step_index, package)
    root = tree(types) or Node()
    for index, item in enumerate(json):
        yield decoder.read_whole(item, root.at(index))


def decode_error(
    json: JSON,
    types: dict[str, str],
    *,
    step_index: int | None = None,
    package: str | None = None,
) -> BaseException:
    """Make a fresh exception of what ``encode`` gave of one.

    Args:
        json: The JSON.
        types: The type names of its places.
        step_index: The step that it belongs to.
        package: The top-level package whose submodules may be imported to find a class.

    Returns:
        The exception, or an ``UnreplayableValue`` to raise in its place.
    """
    value = decode(json, types, step_index=step_index, package=package)
    if type(value) is Unreplayable:
        return UnreplayableError(lost_of(value))
    if isinstance(value, BaseException):
        return value
    name = json.get("type") if isinstance(json, dict) else None
    lost = Lost(json, Node(), step_index, name or "exception", "its class is not on tape")
    return UnreplayableError(lost)


class Decoder:
    """Reads one value.

    Args:
        step_index: The step that it belongs to.
        package: The package whose submodules may be imported.
    """

    def __init__(self, step_index: int | None = None, package: str | None = None) -> None:
        self._step_index = step_index
        self._package = package
        self._found: dict[str, tuple[type, Codec]] = {}

    def read_whole(self, json: JSON, node: Node | None) -> Any:
        """Make a value, of a JSON value that may be nested too deeply for that."""
        try:
            return self.read(json, node)
        except RecursionError:
            return self.lost(json, Node(), "it is nested too deeply: record it again")

    def read(self, json: JSON, node: Node | None) -> Any:
        """Make the value of a JSON value."""
        if node is None:
            return copied(json)
        if node.name and json != REDACTED:
            return self._read_typed(json, node)
        below = node.below
        if type(json) is dict:
            return {key: self.read(item, below.get(key)) for key, item in json.items()}
        if type(json) is list:
            return [self.read(item, below.get(str(at))) for at, item in enumerate(json)]
        return json

    def _read_typed(self, json: JSON, node: Node) -> Any:
        if node.name.startswith("!"):
            return self.lost(json, node, _NOT_KEPT)
        try:
            found = self._found.get(node.name)
            if found is None:
                from agentcassette._values._families import find_family  # as for the encoder

                found = self._found[node.name] = find_family(node.name, self._package)
            cls, codec = found
            return codec.decode(cls, json, node, self)
        except Misfit as misfit:
            remedy = misfit.remedy
        except Exception:  # noqa: BLE001 - JSON that fits its type no more may fail it in any way
            remedy = "what is on tape doesn't fit the type: record it again"
        if isinstance(json, str) and REDACTED in json:
            return json
        return self.lost(json, node, remedy)

    def lost(self, json: JSON, node: Node, remedy: str) -> Unreplayable:
        """Make what stands for a value that can't be restored."""
        name = node.name.lstrip("!") or type(json).__name__
        return Unreplayable(Lost(json, node, self._step_index, name, remedy))
