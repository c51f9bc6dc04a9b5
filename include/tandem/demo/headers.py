"""What request headers ask for: representation, preferences, entity tags."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tandem.demo.errors import ServiceError, bad_request

JSON: Final = "application/json"
XML: Final = "application/xml"
_PREFERENCE: Final = re.compile(r'\s*([^\s=;,"]+)\s*(?:=\s*(?:"([^"]*)"|([^\s;,"]*)))?[^,]*(?:,|$)')
_ETAG: Final = re.compile(r'(?:W/)?"[^"]*"|\*')


@dataclass(frozen=True, slots=True)
class MediaType:
    """A media type with its parameters, names in lower case and without `odata.`."""

    name: str
    parameters: Mapping[str, str]

    @property
    def ieee754(self) -> bool:
        """Int64 and Decimal are strings (OData JSON Format 4.01, 3.2)."""
        return self.parameters.get("ieee754compatible", "").lower() == "true"

    @property
    def metadata(self) -> str:
        """`minimal` or `none`: how much control information (OData JSON Format 4.01, 3.1)."""
        return "none" if self.parameters.get("metadata") == "none" else "minimal"

    @property
    def quality(self) -> float:
        """How much it is wanted, 0 to 1."""
        text = self.parameters.get("q", "1")
        return float(text) if re.fullmatch(r"[01](\.\d{0,3})?", text) else 1.0


def parse_media_type(text: str) -> MediaType:
    """A media type from a header or $format."""
    name, *parameters = (part.strip() for part in text.split(";"))
    pairs = (part.partition("=")[::2] for part in parameters)
    return MediaType(
        name.lower(),
        {key.strip().lower().removeprefix("odata."): value.strip(' "') for key, value in pairs},
    )


def negotiate(accept: str, format_: str | None, offered: tuple[str, ...]) -> MediaType:
    """The first of what is offered that the client accepts best; $format overrules Accept.

    ServiceError: 406, or 415 for a $format that is not offered (OData Protocol 4.01, 11.2.11).
    """
    short = {"json": JSON, "xml": XML}
    if format_ is not None:
        wanted = [parse_media_type(short.get(format_, format_))]
    else:
        wanted = [parse_media_type(text) for text in (accept or "*/*").split(",")]
    for media_type in sorted(wanted, key=lambda item: -item.quality):
        for name in offered:
            if media_type.quality and media_type.name in (name, f"{name.split('/')[0]}/*", "*/*"):
                return MediaType(name, media_type.parameters)
    status = 406 if format_ is None else 415
    raise ServiceError(status, "NotAcceptable", f"This resource comes as {' or '.join(offered)}.")


def preferences(header: str) -> dict[str, str]:
    """The preferences of a Prefer header, without `odata.`; the first of a name counts."""
    found: dict[str, str] = {}
    for name, quoted, bare in _PREFERENCE.findall(header):
        found.setdefault(name.lower().removeprefix("odata."), quoted or bare)
    return found


def names_etag(condition: str, etag: str | None) -> bool:
    """Whether the value of If-Match or If-None-Match is `*` or lists the etag of what is there.

    By the weak comparison, also for If-Match (OData Protocol 4.01, 8.2.4).
    """
    listed = _ETAG.findall(condition)
    if not listed:
        raise bad_request("If-Match and If-None-Match take * or entity tags in double quotes.")
    return "*" in listed or (etag or "").removeprefix("W/") in _opaque(listed)


def _opaque(etags: list[str]) -> Iterator[str]:
    return (etag.removeprefix("W/") for etag in etags)


def check_version(headers: Mapping[str, str]) -> None:
    """Raise if the request cannot be answered whatever it asks for (OData Protocol 4.01).

    400 if the client speaks or wants no OData 4 (8.1.5, 8.2.6), 412 if it wants isolation (8.2.5).
    """
    if headers.get("odata-version", "4.0").strip() not in ("4.0", "4.01"):
        raise bad_request("This OData-Version is not supported; this is OData 4.0.")
    if not re.fullmatch(r"\s*[4-9](\.\d+)?\s*", headers.get("odata-maxversion", "4.0")):
        raise bad_request("This OData-MaxVersion is not supported; this is OData 4.0.")
    if headers.get("isolation", headers.get("odata-isolation")) is not None:
        message = "Snapshot isolation is not supported."
        raise ServiceError(412, "PreconditionFailed", message)


def wants_4_01(headers: Mapping[str, str]) -> bool:
    """Whether the client takes OData 4.01; one that does not say is one of 4.0 (8.2.6)."""
    version = re.fullmatch(r"\s*(\d+)\.?(\d*)\s*", headers.get("odata-maxversion", "4.0"))
    return version is not None and (int(version[1]), version[2]) >= (4, "01")
