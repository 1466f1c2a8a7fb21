"""What pydantic, version 2 or 1, knows of a model class; pydantic itself is never imported."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from agentcassette._values._attributes import derived
from agentcassette._values._frameworks import volatile_fields
from agentcassette._values._models import ABSENT, Access, Default, Model, Shape
from agentcassette._values._names import class_name, mro
from agentcassette._values._texts import Text, same_class

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agentcassette._values._models import State

__all__ = ["is_model", "model_codec", "url_codec"]

_URLS = frozenset({"pydantic_core._pydantic_core:Url", "pydantic_core._pydantic_core:MultiHostUrl"})
_URL_BASES = frozenset({"pydantic.networks:_BaseUrl", "pydantic.networks:_BaseMultiHostUrl"})

_get = object.__getattribute__
_set = object.__setattr__


def is_model(cls: type) -> bool:
    """Tell whether a class is a pydantic model."""
    return _base_of(cls) is not None


def model_codec(cls: type, name: str) -> Model | None:
    """Give the codec of a pydantic model class; None for any other class."""
    base = _base_of(cls)
    if base is None:
        return None
    if "__pydantic_fields_set__" in vars(base):
        return Model(name, _shape_of_v2(cls), _V2)
    return Model(name, _shape_of_v1(cls), _V1)


def url_codec(cls: type, name: str) -> Text | None:
    """Give the codec of pydantic's URLs; None for any other class."""
    if class_name(cls) in _URLS:
        return Text(name, str, same_class)
    if any(class_name(base) in _URL_BASES for base in mro(cls)):
        return Text(name, lambda value: str(vars(value)["_url"]), _make_url)
    return None


def _make_url(cls: type, text: str) -> object:
    """Make a URL without validating it again."""
    names = [class_name(base) for base in mro(cls)]
    kind = "MultiHostUrl" if "pydantic.networks:_BaseMultiHostUrl" in names else "Url"
    value: object = object.__new__(cls)
    vars(value)["_url"] = vars(sys.modules["pydantic_core"])[kind](text)
    return value


def _base_of(cls: type) -> Any:
    bases = mro(cls)
    for module in ("pydantic.main", "pydantic.v1.main"):
        base = vars(sys.modules[module]).get("BaseModel") if module in sys.modules else None
        if base is not cls and base in bases:
            return base
    return None


def _shape_of_v2(cls: Any) -> Shape:
    undefined = vars(sys.modules["pydantic_core"])["PydanticUndefined"]

    def defaults(fields: Mapping[str, Any]) -> dict[str, Default]:
        return {
            name: Default.of(
                ABSENT if field.default is undefined else field.default, field.default_factory
            )
            for name, field in fields.items()
        }

    return Shape(
        fields=defaults(cls.__pydantic_fields__),
        private=defaults(cls.__private_attributes__),
        keeps_extra=cls.model_config.get("extra") == "allow",
        volatile=volatile_fields(cls),
        derived=derived(cls),
    )


def _read_v2(value: object) -> State:
    return (
        _get(value, "__dict__"),
        _get(value, "__pydantic_fields_set__"),
        _get(value, "__pydantic_extra__") or {},
        _get(value, "__pydantic_private__") or {},
    )


def _make_v2(cls: Any, state: State) -> object:
    attributes, names_set, extra, private = state
    value = object.__new__(cls)
    _set(value, "__dict__", attributes)
    _set(value, "__pydantic_fields_set__", names_set)
    if cls.__pydantic_root_model__:
        return value
    keeps_extra = cls.model_config.get("extra") == "allow"
    _set(value, "__pydantic_extra__", extra if keeps_extra else None)
    _set(value, "__pydantic_private__", private if cls.__private_attributes__ else None)
    return value


def _shape_of_v1(cls: Any) -> Shape:
    return Shape(
        fields={
            name: Default.of(ABSENT if field.required else field.default, field.default_factory)
            for name, field in cls.__fields__.items()
        },
        private={
            name: Default.of(_default_of_v1(field), field.default_factory)
            for name, field in cls.__private_attributes__.items()
        },
        keeps_extra=cls.__config__.extra == "allow",
        volatile=volatile_fields(cls),
        derived=derived(cls),
    )


def _default_of_v1(private: Any) -> Any:
    return ABSENT if type(private.default).__name__ == "UndefinedType" else private.default


def _read_v1(value: object) -> State:
    cls: Any = type(value)
    held = _get(value, "__dict__")
    private = {
        name: _get(value, name) for name in cls.__private_attributes__ if _has_slot(value, name)
    }
    attributes = {name: item for name, item in held.items() if name in cls.__fields__}
    extra = {name: item for name, item in held.items() if name not in cls.__fields__}
    return attributes, _get(value, "__fields_set__"), extra, private


def _has_slot(value: object, name: str) -> bool:
    try:
        _get(value, name)
    except AttributeError:
        return False
    return True


def _make_v1(cls: type[Any], state: State) -> object:
    attributes, names_set, extra, private = state
    value: object = object.__new__(cls)
    _set(value, "__dict__", {**attributes, **extra})
    _set(value, "__fields_set__", names_set)
    for name, item in private.items():
        _set(value, name, item)
    return value


_V2 = Access(_read_v2, _make_v2)
_V1 = Access(_read_v1, _make_v1)
