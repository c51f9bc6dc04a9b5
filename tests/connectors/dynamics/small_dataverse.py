"""A small Dataverse for tests, as a transport: two tables, and what their definitions say."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

import httpx

from tandem.connectors.dynamics.connector import DynamicsConnector
from tandem.model.connection import Connection

HOST = "https://contoso.crm4.dynamics.com"
ROOT = f"{HOST}/api/data/v9.2/"

METADATA = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0">
 <edmx:DataServices>
  <Schema xmlns="http://docs.oasis-open.org/odata/ns/edm"
      Namespace="Microsoft.Dynamics.CRM" Alias="mscrm">
   <EntityType Name="account">
    <Key><PropertyRef Name="accountid"/></Key>
    <Property Name="accountid" Type="Edm.Guid"/>
    <Property Name="name" Type="Edm.String"/>
    <Property Name="accountnumber" Type="Edm.String"/>
    <Property Name="industrycode" Type="Edm.Int32"/>
    <Property Name="statecode" Type="Edm.Int32"/>
    <Property Name="new_colours" Type="Edm.String"/>
    <Property Name="donotemail" Type="Edm.Boolean"/>
    <Property Name="creditlimit" Type="Edm.Decimal" Scale="Variable"/>
    <Property Name="createdon" Type="Edm.DateTimeOffset"/>
    <Property Name="overriddencreatedon" Type="Edm.DateTimeOffset"/>
    <Property Name="versionnumber" Type="Edm.Int64"/>
    <Property Name="_primarycontactid_value" Type="Edm.Guid"/>
    <NavigationProperty Name="primarycontactid" Type="mscrm.contact" Nullable="false">
     <ReferentialConstraint Property="_primarycontactid_value" ReferencedProperty="contactid"/>
    </NavigationProperty>
   </EntityType>
   <EntityType Name="contact">
    <Key><PropertyRef Name="contactid"/></Key>
    <Property Name="contactid" Type="Edm.Guid"/>
    <Property Name="lastname" Type="Edm.String" Nullable="false"/>
   </EntityType>
   <EntityType Name="accountleads">
    <Key><PropertyRef Name="accountleadid"/></Key>
    <Property Name="accountleadid" Type="Edm.Guid"/>
   </EntityType>
   <EntityContainer Name="System">
    <EntitySet Name="accounts" EntityType="Microsoft.Dynamics.CRM.account">
     <NavigationPropertyBinding Path="primarycontactid" Target="contacts"/>
    </EntitySet>
    <EntitySet Name="contacts" EntityType="Microsoft.Dynamics.CRM.contact"/>
    <EntitySet Name="accountleadscollection" EntityType="Microsoft.Dynamics.CRM.accountleads"/>
   </EntityContainer>
  </Schema>
 </edmx:DataServices>
</edmx:Edmx>
"""


def label(text: str) -> dict[str, Any]:
    """A label in one language, as definitions have it."""
    return {"LocalizedLabels": [], "UserLocalizedLabel": {"Label": text, "LanguageCode": 1033}}


def table(logical: str, entity_set: str, words: str, **more: Any) -> dict[str, Any]:
    """A table's definition."""
    return {
        "LogicalName": logical,
        "EntitySetName": entity_set,
        "PrimaryIdAttribute": f"{logical}id",
        "ChangeTrackingEnabled": False,
        "IsOptimisticConcurrencyEnabled": True,
        "IsIntersect": False,
        "DataProviderId": None,
        "DisplayName": label(words),
        "Keys": [],
        **more,
    }


def key(*columns: str, status: str = "Active") -> dict[str, Any]:
    """An alternate key's definition."""
    return {"KeyAttributes": list(columns), "EntityKeyIndexStatus": status}


TABLES = [
    table(
        "account", "accounts", "Account",
        ChangeTrackingEnabled=True,
        Keys=[
            key("accountnumber"), key("primarycontactid"), key("name", status="Failed"),
            key("name", "industrycode"),
        ],
    ),
    table("contact", "contacts", "Contact"),
    table("accountleads", "accountleadscollection", "", IsIntersect=True),
]  # fmt: skip


def attribute(name: str, kind: str, rights: str = "cru", level: str = "None") -> dict[str, Any]:
    """An attribute's definition; `rights` are to create, read and update."""
    return {
        "LogicalName": name,
        "AttributeType": kind,
        "DisplayName": label(name.title()),
        "RequiredLevel": {"Value": level},
        "IsValidForCreate": "c" in rights,
        "IsValidForRead": "r" in rights,
        "IsValidForUpdate": "u" in rights,
    }


def options(name: str, **words: str) -> dict[str, Any]:
    """The options of a column: `_1="Active"`."""
    listed = [{"Value": int(n[1:]), "Label": label(text)} for n, text in words.items()]
    return {"LogicalName": name, "OptionSet": {"Options": listed}, "GlobalOptionSet": None}


def shared(of: dict[str, Any]) -> dict[str, Any]:
    """The same from an option set that several columns share."""
    return {**of, "OptionSet": None, "GlobalOptionSet": of["OptionSet"]}


ATTRIBUTES: dict[str, list[dict[str, Any]]] = {
    "": [
        attribute("accountid", "Uniqueidentifier", "cr", "SystemRequired"),
        attribute("name", "String", level="ApplicationRequired"),
        attribute("accountnumber", "String", level="SystemRequired"),
        attribute("industrycode", "Picklist"),
        attribute("statecode", "State", "ru", "SystemRequired"),
        attribute("new_colours", "Virtual"),
        attribute("creditlimit", "Money"),
        attribute("donotemail", "Boolean"),
        attribute("createdon", "DateTime", "r"),
        attribute("overriddencreatedon", "DateTime", "cr"),
        attribute("primarycontactid", "Lookup"),
    ],
    "String": [{"LogicalName": "name", "MaxLength": 160}],
    "Memo": [],
    "Picklist": [shared(options("industrycode", _1="Accounting", _2="Farming"))],
    "State": [options("statecode", _0="Active", _1="Inactive")],
    "Status": [],
    "Boolean": [
        {
            "LogicalName": "donotemail",
            "OptionSet": {
                "TrueOption": {"Value": 1, "Label": label("Do Not Allow")},
                "FalseOption": {"Value": 0, "Label": label("Allow")},
            },
        }
    ],
}

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Dataverse:
    """Keeps accounts, and notes what it was asked."""

    tables: list[dict[str, Any]] = field(default_factory=lambda: TABLES)
    messages: set[str] = field(default_factory=lambda: {"CreateMultiple", "UpdateMultiple"})
    instead: dict[str, Handler] = field(default_factory=dict)
    """Pattern of a path → what answers there in place of the service."""
    rows: dict[str, dict[str, Any]] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    changes: int = 0
    """Single changes within batches."""

    @property
    def asked(self) -> list[str]:
        """Method and target of each request."""
        start = "/api/data/v9.2/"
        return [
            f"{r.method} {unquote(r.url.raw_path.decode()).removeprefix(start)}"
            for r in self.requests
        ]

    def count(self, part: str) -> int:
        """How many requests had this in their method and target."""
        return sum(part in target for target in self.asked)

    def connector(self, **connection: Any) -> DynamicsConnector:
        """A connector to it that does not wait."""
        parts = {"id": "crm", "conn_type": "dynamics", "host": HOST, "extra": {"auth": "none"}}
        return DynamicsConnector(
            Connection(**{**parts, **connection}),
            transport=httpx.MockTransport(self),
            sleep=lambda _: None,
            random=lambda: 0.5,
        )

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        target = request.url.raw_path.decode().removeprefix("/api/data/v9.2/")
        return self._answered(request, target)

    def _answered(self, request: httpx.Request, target: str) -> httpx.Response:
        for pattern, handler in self.instead.items():
            if re.search(pattern, target):
                return handler(request)
        return self.answer(request.method, target, request.headers, request.content)

    def answer(self, method: str, target: str, headers: Any, content: bytes) -> httpx.Response:
        """As the service answers."""
        split = urlsplit(target)
        path, query = unquote(split.path), parse_qs(split.query)
        if path == "$metadata":
            return httpx.Response(200, text=METADATA)
        if path == "WhoAmI":
            return httpx.Response(200, json={"OrganizationId": "o-1", "UserId": "u-1"})
        if path == "EntityDefinitions":
            return listing(self.tables)
        if path.startswith("EntityDefinitions("):
            cast = re.search(r"CRM\.(\w+)AttributeMetadata", path)
            return listing(ATTRIBUTES[cast[1] if cast else ""] if "'account'" in path else [])
        if path == "sdkmessagefilters":
            named = [m for m in self.messages if f"'{m}'" in query["$filter"][0]]
            return listing([{"sdkmessagefilterid": name} for name in named])
        if path == "$batch":
            return self.batch(headers, content)
        return self.records(method, path, query, content)

    def records(
        self, method: str, path: str, query: dict[str, list[str]], content: bytes
    ) -> httpx.Response:
        body = json.loads(content or b"{}")
        if path.endswith("CreateMultiple"):
            keys = [self.made(target) for target in body["Targets"]]
            return httpx.Response(200, json={"Ids": keys})
        if path.endswith("UpdateMultiple"):
            for target in body["Targets"]:
                self.changed(target.pop("accountid"), target)
            return httpx.Response(204)
        if method == "POST":
            return httpx.Response(201, json=self.rows[self.made(body)])
        if method == "PATCH":
            return httpx.Response(200, json=self.changed(path[9:-1], body))
        wanted = set(re.findall(r"accountid eq ([0-9a-f-]{36})", query.get("$filter", [""])[0]))
        rows = [row for name, row in self.rows.items() if not wanted or name in wanted]
        return listing(rows)

    def made(self, body: dict[str, Any]) -> str:
        name = body.get("accountid") or str(UUID(int=len(self.rows) + 10**9))
        known = {k: v for k, v in body.items() if not k.startswith("@")}
        row = {"@odata.etag": 'W/"1"', "name": None, "accountnumber": None, **known}
        self.rows[name] = {**row, "accountid": name}
        return name

    def changed(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        known = {k: v for k, v in body.items() if not k.startswith("@")}
        self.rows[name].update(known)
        return self.rows[name]

    def batch(self, headers: Any, content: bytes) -> httpx.Response:
        """Multipart alone, as Dataverse (Microsoft Learn, "Execute batch operations")."""
        found = re.search(r"boundary=(\S+)", headers.get("Content-Type", ""))
        if not found:
            return httpx.Response(400, json={"error": {"code": "0x0", "message": "no multipart"}})
        answers = []
        for part in content.split(f"--{found[1]}".encode())[1:-1]:
            head, _, body = part.split(b"\r\n\r\n", 1)[1].partition(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
            self.changes += method != "GET"
            inner = httpx.Request(method, f"https://part.example/{target}", content=body.strip())
            reply = self._answered(inner, target)
            answers.append(
                f"--answers\r\nContent-Type: application/http\r\n\r\nHTTP/1.1 {reply.status_code} X"
                f"\r\nContent-Type: application/json\r\n\r\n{reply.text}\r\n"
            )
        text = "".join(answers) + "--answers--\r\n"
        kind = {"Content-Type": "multipart/mixed; boundary=answers"}
        return httpx.Response(200, text=text, headers=kind)


def listing(records: list[Any]) -> httpx.Response:
    """A page with these."""
    return httpx.Response(200, json={"value": records})


def refusal(status: int, code: str, message: str) -> Handler:
    """What answers with an error."""
    return lambda _: httpx.Response(status, json={"error": {"code": code, "message": message}})
