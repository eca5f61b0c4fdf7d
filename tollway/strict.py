"""The kind of struct that canonical objects and settings are."""

from typing import Any, dataclass_transform

import msgspec


class _StrictMeta(msgspec.StructMeta):
    """Hands the options on to every subclass, which msgspec itself does only for some."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **options: Any) -> Any:
        strict = {"frozen": True, "kw_only": True, "forbid_unknown_fields": True}
        return super().__new__(cls, name, bases, namespace, **(strict | options))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Strict(msgspec.Struct, metaclass=_StrictMeta, frozen=True, kw_only=True):
    """Immutable, made by keywords only, and refusing fields it does not know."""
