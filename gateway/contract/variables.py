"""What a model says about its variables, in words that need no model."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from gateway.contract.facts import FactRow
from gateway.contract.records import SourceRecord

NOT_GIVEN = frozenset({*SourceRecord.model_fields, "kind"})


class Content(Enum):
    """What a variable holds."""

    DAY = "day"
    WORD = "word"
    WHOLE = "whole"
    NUMBER = "number"
    CODE = "code"


@dataclass(frozen=True)
class Variable:
    """One variable that a file may give. `low`, `high` are of numbers, `pattern` of codes."""

    name: str
    content: Content
    is_required: bool
    meaning: str
    words: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    pattern: str = ""


def variables(model: type[FactRow]) -> Iterator[Variable]:
    """Yield what a file of these rows may give, in the order of the model."""
    for name, field in model.model_fields.items():
        if name not in NOT_GIVEN:
            yield _variable(name, field)


def _variable(name: str, field: FieldInfo) -> Variable:
    kind = _without_none(field.annotation)
    needed, meaning = field.is_required(), field.description or ""
    if get_origin(kind) is Literal:
        return Variable(name, Content.WORD, needed, meaning, words=get_args(kind))
    if kind is date:
        return Variable(name, Content.DAY, needed, meaning)
    if kind in (int, float):
        content = Content.WHOLE if kind is int else Content.NUMBER
        low, high = _said(field, "ge"), _said(field, "le")
        return Variable(name, content, needed, meaning, low=low, high=high)
    return Variable(name, Content.CODE, needed, meaning, pattern=_said(field, "pattern"))


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) is Literal:
        return annotation
    choices = [one for one in get_args(annotation) if one is not type(None)]
    return choices[0] if choices else annotation


def _said(field: FieldInfo, name: str) -> Any:
    return next(value for m in field.metadata if (value := getattr(m, name, None)) is not None)
