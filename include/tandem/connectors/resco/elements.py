"""Records → the elements of an `ExecuteMultiple` (Resco wiki, "Resco CRM Connector").

`True` and `False`, dates in UTC, decimals with a point, an empty element for null, lookups as
`account:guid`. An empty text is thus null to the service.
"""

import base64
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from tandem.connectors.odata.body import Column
from tandem.connectors.resco.xml import escaped, uncarried
from tandem.model.schema import Kind

NAMESPACE: Final = "http://schemas.resco.net/XRM/Execute"
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def entity_elements(
    entity: str, actions: Mapping[int, str], columns: Sequence[Column]
) -> tuple[dict[int, str], dict[int, str]]:
    """The element of each row that has an action, and why some rows have none."""
    written: dict[int, str] = {}
    refused: dict[int, str] = {}
    values = [(column, column.values.to_pylist(), _mask(column)) for column in columns]
    for row, action in actions.items():
        given = [
            (column, texts[row]) for column, texts, mask in values if mask is None or mask[row]
        ]
        try:
            inside = "".join(_element(column, value) for column, value in given)
        except ValueError as error:
            refused[row] = str(error)
            continue
        head = f'<Entity EntityName="{escaped(entity)}" Action="{action}"'
        written[row] = f"{head}>{inside}</Entity>"
    return written, refused


def execute_multiple(elements: Iterable[str]) -> bytes:
    """The body of an `ExecuteMultiple` that goes on where one of them fails."""
    inside = "".join(elements)
    return (
        f'<ExecuteMultiple xmlns="{NAMESPACE}" ContinueOnError="true">{inside}</ExecuteMultiple>'
    ).encode()


def _mask(column: Column) -> list[Any] | None:
    return None if column.given is None else column.given.to_pylist()


def _element(column: Column, value: Any) -> str:
    """ValueError, with the reason for people, if XML or the service cannot carry the value."""
    name = column.field.name
    if not _NAME.fullmatch(name):
        raise ValueError(f"field {name!r}: no name of an attribute")
    if value is None:
        return f"<{name}/>"
    text = _TEXTS.get(column.field.kind, str)(value)
    if character := uncarried(text):
        raise ValueError(f"field {name!r}: XML cannot carry the character {character}")
    if column.field.kind is Kind.FLOAT64 and text in ("nan", "inf", "-inf"):
        raise ValueError(f"field {name!r}: {text} is no number that the service knows")
    return f"<{name}>{escaped(text)}</{name}>"


def _moment(value: datetime) -> str:
    """`yyyy-MM-ddTHH:mm:ssZ` is the documented form: a fraction is cut here, as it would be there.
    What was kept comes back with the record and counts from then on.
    """
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"


def _decimal(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


_TEXTS: Final[dict[Kind, Callable[[Any], str]]] = {
    Kind.BOOLEAN: lambda value: "True" if value else "False",
    Kind.DECIMAL: _decimal,
    Kind.FLOAT64: repr,
    Kind.DATE: lambda value: str(value.isoformat()),
    Kind.TIME: lambda value: str(value.isoformat()),
    Kind.INSTANT: _moment,
    Kind.BINARY: lambda value: base64.b64encode(value).decode(),
}
"""All others are texts, or numbers whose text is Python's."""
