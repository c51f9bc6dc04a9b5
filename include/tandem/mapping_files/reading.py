"""A mapping file of either format, from its bytes."""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tandem.errors import ConfigurationError
from tandem.mapping_files.model import LARGEST, Carried, Format, refuse_repeated
from tandem.mapping_files.xml_reading import from_xml
from tandem.mapping_files.yaml_files import from_yaml
from tandem.model.integration import EntityMapping

_BEGINS_XML: Final = (
    b"<",
    BOM_UTF8 + b"<",
    BOM_UTF16_LE + "<".encode("utf-16-le"),
    BOM_UTF16_BE + "<".encode("utf-16-be"),
)

_DECLARED: Final = re.compile(
    r"""\A(\ufeff?\s*<\?xml\b[^>]*?)\s+encoding\s*=\s*(?:"[^"]*"|'[^']*')"""
)


def carried(
    body: bytes,
    form: Format | None = None,
    *,
    entity: str | None = None,
    here: Sequence[EntityMapping] = (),
) -> Carried:
    """What a mapping file brings along; ConfigurationError if it cannot be used.

    Without a format, a file that begins with < is XML. `entity`: only the mapping of this external
    entity is looked at, whatever is wrong with others. `here`: the mappings of the integration
    that it is brought to; lookups may refer to them.
    """
    if len(body) > LARGEST:
        raise ConfigurationError(
            f"The mapping file is larger than {LARGEST:,} bytes.",
            remedy="Export fewer entities: --entity.",
        )
    is_xml = form == "resco-xml" or (form is None and body.lstrip().startswith(_BEGINS_XML))
    brought = from_xml(body, entity, here) if is_xml else from_yaml(_text(body), entity)
    refuse_repeated(brought.entities)
    return brought


def pasted(text: str) -> bytes:
    """The bytes of a mapping file that came as text: in which encoding its XML declaration says
    that it was, is not true of it any more.
    """
    return _DECLARED.sub(r"\1", text, count=1).encode(errors="replace")


def file_bytes(path: Path) -> bytes:
    """The bytes of the file, one more than the largest at most; ConfigurationError if it cannot
    be read.
    """
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be read: {error.strerror or error}.", remedy="Name a file that can."
        ) from None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigurationError(
            "The mapping file is neither XML nor UTF-8.", remedy="Save it in that encoding."
        ) from None
