"""Small mapping files in XML, and what is said about them."""

from tandem.mapping_files.reading import carried
from tandem.mapping_files.spellings import OURS

MINIMAL = """\
<EntityMapping><ExternalName>Ex</ExternalName><LocalName>loc</LocalName>{more}
  <AttributesMapping>
    <AttributeMapping><ExternalName>a</ExternalName><LocalName>b</LocalName>{field}
    </AttributeMapping>
  </AttributesMapping>
</EntityMapping>"""


def ours(key: str, value: str) -> str:
    return f"<t:{key} xmlns:t='{OURS}'>{value}</t:{key}>"


def xml(more: str = "", field: str = "") -> str:
    return MINIMAL.format(more=more, field=field)


def notes(text: str) -> str:
    return " ".join(carried(text.encode()).notes)


def problems(text: str) -> str:
    return " ".join(map(str, carried(text.encode()).problems))
