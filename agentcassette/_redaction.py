"""Taking what is secret out of a value or a text."""

from __future__ import annotations

import base64
import copy
import functools
import json
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from agentcassette import _pointer, _type_map
from agentcassette._patterns import parsed, without_matches
from agentcassette._secrets import PLACEHOLDER, Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["PLACEHOLDER", "Redacted", "Redactor"]

# Two keys are the same whatever their case, hyphens and underscores; backslashes come with keys of
# JSON that is held in a string of JSON.
_INSIGNIFICANT = str.maketrans("", "", "-_\\")

_BASE64 = "bytes[base64]"  # how the type name of bytes ends that are no text

_DICTS = ("dict", "dict)")  # how that of a dict ends, and of a class derived from it
_PAIR = 2

_SHORTEST = 4  # characters of a value that is looked for in a message

# A parameter in the query of a URL; a template's variable is no value.
_QUERY = r"""(?P<start>[?&](?P<key>[\w.-]{1,64})=)(?![{$%]?[{(])[^\s&#"'<>\\]+"""

# How many texts a redactor knows again; the texts of one session, as a rule.
_MEMORY = 4096


class Redacted(NamedTuple):
    """A value without its secrets.

    Attributes:
        json: The value. What had no secret in it is shared with the original.
        types: The map of its types, without what stood at or below a redacted place.
        places: The JSON pointers of what was redacted, as a whole or in part, in order.
    """

    json: Any
    types: dict[str, str]
    places: tuple[str, ...]


class Redactor:
    """Takes secrets out of values and texts.

    Secret are the values under the given keys, at any depth, also inside JSON held in strings.
    Secret are, too, credentials of a known shape and the values of environment variables whose
    names end in KEY, TOKEN, SECRET or PASSWORD, wherever they occur, and what the given patterns
    match in any string.

    ``api_key`` is also ``API-Key`` and ``apiKey``: case, hyphens and underscores don't count. What
    stands under a key is replaced whatever it is, None and nothing too: a call that was recorded
    with a key is still the same call where no key is set.

    Args:
        keys: The keys with secret values.
        patterns: What matches one of these is secret wherever a string holds it. None of them
            matches the empty string.
        secrets: Whether to look for known shapes and for values of the environment as well.
        placeholder: What takes the place of a value under a key.
        environ: The environment, read here and now; None for that of the process.
    """

    __slots__ = (
        "_keys",
        "_known",
        "_needles",
        "_patterns",
        "_placeholder",
        "_secret_keys",
        "_secrets",
    )

    def __init__(
        self,
        keys: Iterable[str] = (),
        *,
        patterns: Iterable[re.Pattern[str]] = (),
        secrets: bool = True,
        placeholder: str = PLACEHOLDER,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._keys = tuple(keys)
        self._patterns = tuple(patterns)
        self._placeholder = placeholder
        self._secret_keys, self._needles = _looked_for(self._keys)
        self._secrets = Secrets(os.environ if environ is None else environ) if secrets else None
        # An agent sends its whole history with every call: each text is looked at once.
        self._known: dict[str, str] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys with secret values, as they were given."""
        return self._keys

    @property
    def placeholder(self) -> str:
        """What takes the place of a value under a key."""
        return self._placeholder

    def __repr__(self) -> str:
        return f"Redactor(keys={self._keys!r}, secrets={self._secrets is not None})"

    def redact(self, value: Any, types: Mapping[str, str] | None = None) -> Redacted:
        """Take the secrets out of a value.

        Args:
            value: The value, as plain JSON. It is left as it is.
            types: The types of what is in it, by JSON pointer.

        Returns:
            The value without its secrets.
        """
        if not value and isinstance(value, (list, dict)):
            return Redacted(value, dict(types or {}), ())
        walk = _Walk(self)
        redacted = walk.value(self._without_typed_secrets(value, types or {}, walk))
        if types and walk.taken:
            self._hush(redacted, types, walk)
        if not types and not walk.places:
            return Redacted(redacted, {}, ())
        kept = _type_map.without(types or {}, (*walk.places, *walk.renamed))
        return Redacted(redacted, kept, tuple(dict.fromkeys(walk.places)))

    def _without_typed_secrets(self, value: Any, types: Mapping[str, str], walk: _Walk) -> Any:
        """Replace what only its type shows to be secret, and note where it stood.

        That are bytes in base64 that hold a secret, and what stands under a secret key in a dict
        that is a list of pairs, as some of its keys are no strings.
        """
        secret = [
            place
            for at, name in types.items()
            for place in (
                [at]
                if name.endswith(_BASE64) and self._is_secret_in_base64(value, at)
                else self._secret_in_pairs(value, at)
                if name.endswith(_DICTS)
                else ()
            )
        ]
        for place in secret:
            walk.take(place, _pointer.find(value, place))
        if "" in secret:
            return self._placeholder
        value = copy.deepcopy(value) if secret else value
        for place in sorted(secret, key=len, reverse=True):  # one may be inside of another
            _pointer.put(value, place, self._placeholder)
        return value

    def _secret_in_pairs(self, value: Any, at: str) -> Iterator[str]:
        """The places of the values under secret keys, where a dict is a list of pairs."""
        try:
            pairs = _pointer.find(value, at)
        except LookupError:  # a file was edited
            return
        for index, pair in enumerate(pairs if isinstance(pairs, list) else ()):
            is_pair = isinstance(pair, list) and len(pair) == _PAIR
            if is_pair and isinstance(pair[0], str) and self.is_secret(pair[0]):
                yield f"{at}/{index}/1"

    def _hush(self, redacted: Any, types: Mapping[str, str], walk: _Walk) -> None:
        """Take out of messages of exceptions what was secret in their args and attributes.

        A message is made of them, in a form in which nobody finds a key and what stands under it.
        """
        below: dict[str, set[str]] = {}
        for place, value in walk.taken.items():
            tokens = place.split("/")
            for depth in range(1, len(tokens)):
                at = "/".join(tokens[:depth])
                if at in types:
                    below.setdefault(at, set()).update(_texts_in(value))
        for at, told in below.items():
            error = _pointer.find(redacted, at)
            if isinstance(error, dict) and isinstance(error.get("message"), str):
                message = error["message"]
                for text in sorted(told, key=len, reverse=True):
                    message = message.replace(text, self._placeholder)
                if message != error["message"]:
                    error["message"] = message
                    walk.places.append(f"{at}/message")

    def _is_secret_in_base64(self, value: Any, place: str) -> bool:
        try:
            text = base64.b64decode(_pointer.find(value, place)).decode("latin-1")
        except (LookupError, TypeError, ValueError):  # a file was edited
            return False
        return self._without_secrets(text) != text

    def text(self, text: str) -> str:
        """Take the secrets out of a text, and out of the JSON that it may be.

        Args:
            text: The text. JSON is written anew where something in it was secret.

        Returns:
            The text without its secrets.
        """
        known = self._known.get(text)
        if known is None:
            if len(self._known) >= _MEMORY:
                self._known.clear()
            known = self._known[text] = self._without_secrets(text)
        return known

    def is_secret(self, key: str) -> bool:
        """Tell whether what stands under a key is secret."""
        return _fold(key) in self._secret_keys

    def keys_in(self, text: str) -> tuple[str, ...]:
        """Tell which of the keys stand in a compact JSON text, in its JSON, or in its URLs."""
        folded = _fold(text)
        return tuple(
            key
            for key in self._keys
            if any(sign.format(_fold(key)) in folded for sign in ('"{}":', "?{}=", "&{}="))
        )

    def _without_secrets(self, text: str) -> str:
        redacted = self._once(text)
        while self._patterns and redacted != text:
            # What one pattern takes out may leave what another matches, or what looks like a
            # secret. Nothing may be left that is redacted only when this is redacted again.
            text, redacted = redacted, self._once(redacted)
        return redacted

    def _once(self, text: str) -> str:
        if (self._needles or self._patterns) and text.lstrip()[:1] in ("{", "[", '"'):
            text = self._json(text)
        if self._needles and "://" in text and "?" in text:
            text = re.sub(_QUERY, self._parameter, text)
        if self._secrets is not None:
            text = self._secrets.taken_out_of(text)
        for pattern in self._patterns:
            text = without_matches(pattern, text)
        return text

    def _parameter(self, found: re.Match[str]) -> str:
        """A parameter in the query of a URL, without its value if that is secret."""
        return f"{found['start']}{self._placeholder}" if self.is_secret(found["key"]) else found[0]

    def _json(self, text: str) -> str:
        if not self._patterns:  # whose matches may be hidden by escapes
            folded = _fold(text)
            if not any(needle in folded for needle in self._needles):
                return text
        try:
            value, is_same = parsed(text, self._patterns)
            redacted = self.redact(value)
        except json.JSONDecodeError:
            return text
        except (RecursionError, ValueError):
            # Nested too deep to be looked into, or with too long a number: it may hold a secret.
            return self._placeholder
        if is_same and not redacted.places:
            return text
        return json.dumps(redacted.json, ensure_ascii=False)


class _Walk:
    """One walk through a value.

    Attributes:
        places: Where something was redacted.
        taken: What was taken away there.
        renamed: The places of what stood under a key that had a secret in it.
    """

    __slots__ = ("_above", "_judged", "_redactor", "places", "renamed", "taken")

    def __init__(self, redactor: Redactor) -> None:
        self.places: list[str] = []
        self.taken: dict[str, Any] = {}
        self.renamed: list[str] = []
        self._redactor = redactor
        self._above: list[str | int] = []
        # What keys become, and whether what is under them is secret: most keys come many times.
        self._judged: dict[str, tuple[str, bool]] = {}

    def take(self, place: str, value: Any) -> None:
        """Note that something was taken away."""
        self.places.append(place)
        self.taken[place] = value

    def value(self, value: Any) -> Any:
        if isinstance(value, str):
            text = self._redactor.text(value)
            if text == value:
                return value
            self.take(self._place(), value)
            return text
        if isinstance(value, list):
            items = value
            for index, item in enumerate(value):
                self._above.append(index)
                redacted = self.value(item)
                self._above.pop()
                if redacted is not item:
                    items = list(value) if items is value else items
                    items[index] = redacted
            return items
        if isinstance(value, dict):
            pairs: dict[str, Any] = {}
            is_same = True
            for key, item in value.items():
                name, is_secret = self._judge(key)
                if name != key:
                    name = self._rename(key, name, value, pairs)
                self._above.append(name)
                if is_secret:
                    redacted = self._redactor.placeholder
                    self.take(self._place(), item)
                else:
                    redacted = self.value(item)
                self._above.pop()
                pairs[name] = redacted
                is_same = is_same and redacted is item and name == key
            return value if is_same else pairs
        return value

    def _judge(self, key: str) -> tuple[str, bool]:
        """Tell what a key becomes, and whether what stands under it is secret."""
        judged = self._judged.get(key)
        if judged is None:
            judged = self._judged[key] = (self._redactor.text(key), self._redactor.is_secret(key))
        return judged

    def _rename(self, key: str, name: str, old: dict[str, Any], new: dict[str, Any]) -> str:
        """Note that a key had a secret in it, and give its new name: one that no other has."""
        unique, number = name, len(new)
        while unique in old or unique in new:
            number += 1
            unique = f"{name}{number}"
            if self._redactor.text(unique) != unique:  # a pattern matches the number, too
                unique = PLACEHOLDER * number
        self.renamed.append(self._place(key))
        self.places.append(self._place(unique))
        return unique

    def _place(self, *below: str) -> str:
        return "".join(f"/{_pointer.escape(str(key))}" for key in (*self._above, *below))


@functools.lru_cache(maxsize=64)
def _looked_for(keys: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """The keys as they are compared, and as they may stand in JSON: each session asks for them.

    JSON may write a character of a key as an escape.
    """
    secret_keys = frozenset(map(_fold, keys))
    return secret_keys, secret_keys.union(_fold(json.dumps(key)[1:-1]) for key in keys)


def _texts_in(value: Any) -> Iterator[str]:
    """The texts in a value, as far as they are long enough to be found again."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, (list, dict)):
            left += item.values() if isinstance(item, dict) else item
        elif isinstance(item, str) and len(item) >= _SHORTEST:
            yield item


def _fold(key: str) -> str:
    return key.casefold().translate(_INSIGNIFICANT)
