"""A small organization of Resco Cloud for tests, as a transport."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx

from tandem.connectors.resco.connector import RescoConnector
from tandem.model.connection import Connection

HOST = "https://contoso.rescocrm.com"
A1 = "0a000000-0000-0000-0000-000000000001"
A2 = "0a000000-0000-0000-0000-000000000002"
C1 = "0c000000-0000-0000-0000-000000000001"
W1 = "0e000000-0000-0000-0000-000000000001"
W2 = "0e000000-0000-0000-0000-000000000002"

ODATA = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
<edmx:DataServices><Schema Namespace="RescoCrm" xmlns="http://docs.oasis-open.org/odata/ns/edm">
{types}
<EntityContainer Name="Container">{sets}</EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>"""

TYPES = {
    "account": {"name": "String", "creditlimit": "Double", "secret": "String"},
    "contact": {"name": "String", "__parentcustomerid_id": "Guid", "attendees": "String"},
    "fs_workorder": {
        "name": "String",
        "__customerid_id": "Guid",
        "statuscode": "Int32",
        "statecode": "Int32",
        "prioritycode": "Int32",
        "start": "DateTimeOffset",
        "billable": "Boolean",
        "amount": "Decimal",
        "photo": "Binary",
        "computed": "String",
    },
}
BASE = {"id": "Guid", "versionnumber": "Int64"}

ENTITIES = """<Entities xmlns="http://schemas.resco.net/XRM/Metadata">
<Entity Name="account" EntityAttributes="System"><Attributes>
  <Attribute Name="id" Type="UniqueIdentifier" Required="true" System="true"/>
  <Attribute Name="name" Type="String" Length="160" Required="true"/>
  <Attribute Name="creditlimit" Type="Money" Precision="2"/>
  <Attribute Name="secret" Type="String" Permissions="Read"/>
  <Attribute Name="hidden" Type="String"/>
  <Attribute Name="versionnumber" Type="RowVersion" System="true" Required="true"/>
</Attributes></Entity>
<Entity Name="contact"><Attributes>
  <Attribute Name="id" Type="UniqueIdentifier"/>
  <Attribute Name="name" Type="String"/>
  <Attribute Name="parentcustomerid" Type="Lookup" LookupTargets="account"/>
  <Attribute Name="attendees" Type="PartyList" Required="true"/>
  <Attribute Name="versionnumber" Type="RowVersion"/>
</Attributes></Entity>
<Entity Name="fs_workorder"><Attributes>
  <Attribute Name="id" Type="UniqueIdentifier"/>
  <Attribute Name="name" Type="String"/>
  <Attribute Name="customerid" Type="Lookup" LookupTargets="account;contact"/>
  <Attribute Name="statuscode" Type="PicklistMap" OptionSetValues="0,1,10000;1,10001"
    System="true" Required="true"/>
  <Attribute Name="statecode" Type="Picklist" OptionSetValues="0;1"/>
  <Attribute Name="prioritycode" Type="Picklist" OptionSetValues="1;2"
    OptionSetTextValues="high;low"/>
  <Attribute Name="start" Type="DateTime"/>
  <Attribute Name="billable" Type="Boolean" Default="true" Required="true"/>
  <Attribute Name="amount" Type="Decimal" Precision="-2"/>
  <Attribute Name="photo" Type="Binary" Length="1000"/>
  <Attribute Name="versionnumber" Type="RowVersion"/>
</Attributes></Entity>
<Entity Name="unread"><Attributes/></Entity>
</Entities>"""

LABELS = """<Localizations>
<Localization Name="fs_workorder" Value="Work order"/>
<Localization Name="fs_workorder.statuscode" Value="Status"/>
<Localization Name="fs_workorder.statuscode.1" Value="Draft"/>
<Localization Name="fs_workorder.statuscode.10000" Value="In progress"/>
<Localization Name="fs_workorder.statuscode.10001" Value="Completed"/>
</Localizations>"""


def odata_metadata() -> str:
    """The metadata document that OData gives."""
    types = "".join(
        f'<EntityType Name="{name}"><Key><PropertyRef Name="id"/></Key>'
        + "".join(
            f'<Property Name="{field}" Type="Edm.{kind}" Nullable="{str(field != "id").lower()}"/>'
            for field, kind in {**BASE, **fields}.items()
        )
        + "</EntityType>"
        for name, fields in TYPES.items()
    )
    sets = "".join(f'<EntitySet Name="{name}" EntityType="RescoCrm.{name}"/>' for name in TYPES)
    return ODATA.format(types=types, sets=sets)


Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@dataclass
class Organization:
    """Answers what was laid down for a request, and notes what it was asked."""

    replies: dict[str, Reply | list[Reply]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        metadata = "GET /rest/v1/metadata/contoso/"
        self.replies |= {
            "GET /odata/v4/$metadata": xml(odata_metadata()),
            "GET /odata/v4/": page(*({"name": name, "url": name} for name in TYPES)),
            f"{metadata}$entities": xml(ENTITIES),
            f"{metadata}$localizations": xml(LABELS),
            "POST /rest/v1/data/WhoAmI": xml(
                '<WhoAmI OrganizationName="contoso"><UserId>u1</UserId></WhoAmI>'
            ),
            "POST /rest/v1/data/GetMaxRowVersion": xml("<Result>41</Result>"),
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = unquote(request.url.raw_path.decode().partition("?")[0])
        reply = self.replies.get(f"{request.method} {path}", httpx.Response(404))
        if isinstance(reply, list):
            reply = reply.pop(0) if len(reply) > 1 else reply[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    def connector(self, **connection: Any) -> RescoConnector:
        """A connector to this organization that does not wait."""
        parts = {
            "id": "field",
            "conn_type": "resco",
            "host": HOST,
            "login": "ann@contoso.com",
            "password": "s3cret",
            **connection,
        }
        return RescoConnector(
            Connection(**parts),
            transport=httpx.MockTransport(self),
            sleep=lambda _: None,
            random=lambda: 0.5,
        )

    def asked(self, method: str, path: str) -> list[httpx.Request]:
        """The requests of that method whose path ends so."""
        return [
            r
            for r in self.requests
            if r.method == method
            and unquote(r.url.raw_path.decode().partition("?")[0]).endswith(path)
        ]


def xml(text: str, status: int = 200) -> httpx.Response:
    """An answer in XML."""
    return httpx.Response(status, text=text, headers={"Content-Type": "text/xml"})


def page(*records: dict[str, Any], **more: Any) -> httpx.Response:
    """A page of an OData listing."""
    return httpx.Response(200, json={"value": list(records), **more})


def results(*answers: str) -> httpx.Response:
    """The answer to an `ExecuteMultiple`."""
    inside = "".join(answers)
    return xml(f'<ExecuteMultipleResponse xmlns="urn:r">{inside}</ExecuteMultipleResponse>')


def made(guid: str) -> str:
    """That a record was created."""
    return f'<Result Type="guid">{guid}</Result>'


DONE = '<Result Type="bool">True</Result>'


def fault(reason: str) -> str:
    """That something was refused."""
    return f"<Fault><Code>1</Code><Reason>{reason}</Reason></Fault>"


def error(status: int, message: str) -> httpx.Response:
    """An error as OData tells it."""
    return httpx.Response(status, json={"error": {"code": "x", "message": message}})


def body(request: httpx.Request) -> Any:
    """What was sent as JSON."""
    return json.loads(request.content)


def listing(*records: dict[str, Any]) -> Callable[[httpx.Request], httpx.Response]:
    """Those of the records whose id the filter names."""

    def answer(request: httpx.Request) -> httpx.Response:
        asked = unquote(request.url.query.decode())
        return page(*(record for record in records if record["id"] in asked))

    return answer
