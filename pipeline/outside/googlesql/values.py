"""Types and values: as a schema and Python have them, and as GoogleSQL counts them."""

import datetime as dt
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, InvalidOperation
from typing import Any

# The columns of a table, or the parameters of a statement: the type of each, as a schema says it (STRING, INTEGER,
# NUMERIC, FLOAT, DATE, TIMESTAMP, BOOLEAN), or one that only a statement gives (DATETIME, ARRAY<STRING>,
# STRUCT<name STRING, INTEGER>).
Columns = Mapping[str, str]
# Rows of a table; a column that a row does not have is NULL. A value may be text, as a file has it.
Rows = Iterable[Mapping[str, Any]]

# zetasql/public/type.proto: the numbers of the types.
KINDS = {
    **{"INTEGER": 2, "BOOLEAN": 5, "FLOAT": 7, "STRING": 8, "BYTES": 9, "DATE": 10, "TIMESTAMP": 19, "TIME": 20},
    **{"DATETIME": 21, "GEOGRAPHY": 22, "NUMERIC": 23, "BIGNUMERIC": 24, "JSON": 26, "INTERVAL": 27},
}
ARRAY, STRUCT = 16, 17
NAMES = {number: name for name, number in KINDS.items()}
# Further names that BigQuery has for a type.
ALSO = {
    "INTEGER": ("INTEGER", "INT", "SMALLINT", "BIGINT", "TINYINT", "BYTEINT"),
    "BOOLEAN": ("BOOLEAN",),
    "NUMERIC": ("DECIMAL",),
}
# A type by its name, or that of a table's rows: an array of structs.
Type = str | Columns
_EPOCH = dt.date(1970, 1, 1)
# Digits after the point of a NUMERIC, and more than all of them.
_SCALE = 9
_EXACT = Context(prec=40)


def element(type_: str) -> str:
    """The type of an array's elements; '' of what is no array."""
    return type_[len("ARRAY<") : -1] if type_.startswith("ARRAY<") else ""


def fields(type_: str) -> list[tuple[str, str]] | None:
    """Name ('' where it has none) and type of each field of a struct; None of what is no struct."""
    if not type_.startswith("STRUCT<"):
        return None
    told: list[str] = []
    for part in filter(None, type_[len("STRUCT<") : -1].split(", ")):
        if told and told[-1].count("<") > told[-1].count(">"):  # a comma of a struct within
            told[-1] += f", {part}"
        else:
            told.append(part)
    return [_field(each) for each in told]


def _field(told: str) -> tuple[str, str]:
    name, blank, type_ = told.partition(" ")
    return (name, type_) if blank and "<" not in name else ("", told)


def fill(proto: Any, type_: Type, value: Any) -> None:
    """Write the value into GoogleSQL's own form of one (a `ValueProto`), which is NULL as it comes.

    Raises ValueError where it is none of the type.
    """
    if value is None:
        return
    if isinstance(type_, Mapping):
        proto.array_value.SetInParent()
        for row in value:
            struct = proto.array_value.element.add().struct_value
            struct.SetInParent()
            for name, each in type_.items():
                fill(struct.field.add(), each, row.get(name))
    elif inner := element(type_):
        proto.array_value.SetInParent()
        for each in value:
            fill(proto.array_value.element.add(), inner, each)
    elif type_ == "STRING":
        proto.string_value = value
    elif type_ == "INTEGER":
        proto.int64_value = int(value)
    elif type_ == "FLOAT":
        proto.double_value = float(value)
    elif type_ == "BOOLEAN":
        proto.bool_value = value if isinstance(value, bool) else _truth(value)
    elif type_ == "DATE":
        proto.date_value = ((value if isinstance(value, dt.date) else dt.date.fromisoformat(value)) - _EPOCH).days
    elif type_ == "TIMESTAMP":
        time = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(value.replace(" UTC", "+00:00"))
        proto.timestamp_value.FromDatetime(time.astimezone(dt.UTC) if time.tzinfo else time)
    elif type_ == "NUMERIC":
        whole = int(_number(value).scaleb(_SCALE, _EXACT).to_integral_value())
        proto.numeric_value = whole.to_bytes((whole.bit_length() + 8) // 8, "little", signed=True)
    else:
        raise ValueError(f"no value of {type_} can be written")


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0"):
        raise ValueError(f"{text!r} is no BOOLEAN")
    return text.lower() in ("true", "1")


def _number(value: Decimal | str) -> Decimal:
    try:
        return Decimal(value)
    except InvalidOperation:
        raise ValueError(f"{value!r} is no NUMERIC") from None


def read(proto: Any) -> Any:
    """The value that GoogleSQL says, as Python has it."""
    kind = proto.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(proto, kind)
    if kind == "date_value":
        return _EPOCH + dt.timedelta(days=value)
    if kind == "timestamp_value":
        return value.ToDatetime(dt.UTC)
    if kind == "numeric_value":
        return _plain(Decimal(int.from_bytes(value, "little", signed=True)).scaleb(-_SCALE, _EXACT))
    if kind == "array_value":
        return [read(each) for each in value.element]
    if kind == "struct_value":
        return tuple(read(each) for each in value.field)
    return value


def _plain(number: Decimal) -> Decimal:
    """Without zeros at its end, as BigQuery's client has it."""
    whole = number.to_integral_value()
    return whole if number == whole else number.normalize(_EXACT)
