"""The tables that every organization has of itself: users, teams, currencies, messages."""

from typing import Final

from tandem.demo.dynamics.tables import Lookup, OnDelete, Table, Target, text
from tandem.demo.model import Edm, Property

MODIFIED_BY: Final = Lookup(
    "modifiedby", (Target("modifiedby", "systemuser"),), OnDelete.RESTRICT, set_by_service=True
)
CURRENCIES: Final = Table(
    "transactioncurrency",
    "transactioncurrencies",
    "Currency",
    "transactioncurrencyid",
    "currencyname",
    columns=(text("currencyname", 100), text("isocurrencycode", 5)),
    in_bulk=False,
)
USER: Final = Table(
    "systemuser",
    "systemusers",
    "User",
    "systemuserid",
    "fullname",
    columns=(
        text("fullname", 200),
        text("domainname", 1_024),
        text("internalemailaddress", 100),
        Property("isdisabled", Edm.BOOLEAN),
    ),
    lookups=(MODIFIED_BY,),
    principal=True,
    tracks_changes=False,
    in_bulk=False,
)
TEAM: Final = Table(
    "team",
    "teams",
    "Team",
    "teamid",
    "name",
    columns=(text("name", 160), text("description", 2_000)),
    lookups=(MODIFIED_BY,),
    principal=True,
    tracks_changes=False,
    in_bulk=False,
)
MESSAGE: Final = Table(
    "sdkmessage",
    "sdkmessages",
    "Sdk Message",
    "sdkmessageid",
    "name",
    columns=(text("name", 256),),
    tracks_changes=False,
    in_bulk=False,
    read_only=True,
)
MESSAGE_FILTER: Final = Table(
    "sdkmessagefilter",
    "sdkmessagefilters",
    "Sdk Message Filter",
    "sdkmessagefilterid",
    "name",
    columns=(text("name", 256), text("primaryobjecttypecode", 64)),
    lookups=(Lookup("sdkmessageid", (Target("sdkmessageid", "sdkmessage"),)),),
    tracks_changes=False,
    in_bulk=False,
    read_only=True,
)
