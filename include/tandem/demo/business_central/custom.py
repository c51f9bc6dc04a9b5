"""A custom API, as an extension publishes one, below a route of its own.

Microsoft Learn, "Developing a custom API" and "Business Central API endpoint structure". Its page
shows the row version that each table has (Microsoft Learn, "Table object": SystemRowVersion).
"""

from dataclasses import replace
from typing import Final

from tandem.demo.business_central.api import COMPANIES
from tandem.demo.business_central.fields import amount, choice, guid, moment, text, whole
from tandem.demo.business_central.pages import Navigation, Page, Root
from tandem.demo.model import Edm, EntitySet, EnumType

ASSET_STATE: Final = EnumType("assetState", ("_x0020_", "In_x0020_Use", "Scrapped"))

ASSET_GROUPS: Final = Page(
    EntitySet(
        "assetGroups",
        "assetGroup",
        ("id",),
        (
            guid("id", computed=True),
            text("code", 20),
            text("description", 100),
            moment("systemModifiedAt"),
            whole("systemRowVersion", Edm.INT64, computed=True),
        ),
        row_version="systemRowVersion",
        modified_at="systemModifiedAt",
    ),
    required=("code",),
)
ASSETS: Final = Page(
    EntitySet(
        "assets",
        "asset",
        ("id",),
        (
            guid("id", computed=True),
            text("no", 20),
            text("description", 100),
            choice("state", ASSET_STATE),
            guid("groupId"),
            amount("value"),
            moment("systemModifiedAt"),
            whole("systemRowVersion", Edm.INT64, computed=True),
        ),
        row_version="systemRowVersion",
        modified_at="systemModifiedAt",
    ),
    navigations=(Navigation("assetGroup", "assetGroups", "groupId"),),
    required=("description",),
    series="no",
)

CUSTOM: Final = Root(
    "custom",
    "api/contoso/app1/v1.0/",
    "Microsoft.NAV",
    replace(COMPANIES),
    "name",
    (ASSETS, ASSET_GROUPS),
)
