"""Pages published as web services: those of Resco's extension.

Microsoft Learn, "Publish a web service" and "OData web services"; the names of the fields are those
of the extension's pages (github.com/Resconet/RescoIntegrations).
"""

from typing import Final

from tandem.demo.business_central.fields import amount, day, flag, guid, moment, text, whole
from tandem.demo.business_central.pages import Navigation, Page, Root
from tandem.demo.model import Edm, EntitySet, Property

COMPANY: Final = EntitySet(
    "Company",
    "Company",
    ("Name",),
    (
        text("Name", 30, computed=True),
        flag("Evaluation_Company", computed=True),
        text("Display_Name", 250, computed=True),
        guid("Id", computed=True),
        text("Business_Profile_Id", 250, computed=True),
    ),
)


def _page(
    name: str,
    key: tuple[str, ...],
    *properties: Property,
    initial: tuple[tuple[str, str], ...] = (),
    relations: tuple[Navigation, ...] = (),
) -> Page:
    stamps = (
        moment("SystemModifiedAt"),
        whole("RowVersionNumber", Edm.INT64, computed=True),
    )
    entity_set = EntitySet(
        name,
        name,
        key,
        (*properties, *stamps),
        row_version="RowVersionNumber",
        modified_at="SystemModifiedAt",
    )
    return Page(entity_set, series="No", initial=initial, relations=relations)


ADDRESS: Final = (
    text("Address", 100),
    text("Address2", 50),
    text("CountryRegionCode", 10),
    text("City", 30),
    text("State", 30),
    text("PostCode", 20),
    text("PhoneNo", 30),
)

RESCO_CUSTOMER: Final = _page(
    "RescoCustomer",
    ("No",),
    text("No", 20),
    text("Name", 100),
    text("Email", 80),
    *ADDRESS,
    text("HomePage", 80),
    text("PrimaryContacNo", 20),
)
RESCO_CONTACT: Final = _page(
    "RescoContact",
    ("No",),
    text("No", 20),
    text("Name", 100),
    text("Email", 80),
    *ADDRESS,
    text("CustomerNo", 20),
    text("ContactBusinessRelation", 30, computed=True),
    text("Type", 10, computed=True),
    initial=(("Type", "Person"),),
    relations=(Navigation("Customer", "RescoCustomer", "CustomerNo", "No"),),
)
RESCO_SERVICE_ORDER: Final = _page(
    "RescoServiceOrder",
    ("DocumentType", "No"),
    text("DocumentType", 20),
    text("No", 20),
    text("CustomerNo", 20),
    text("ContactNo", 20),
    text("Description", 100),
    text("Status", 20),
    text("Priority", 20),
    day("OrderDate"),
    day("DueDate"),
    amount("Amount"),
    initial=(("DocumentType", "Order"),),
    relations=(
        Navigation("Customer", "RescoCustomer", "CustomerNo", "No"),
        Navigation("Contact", "RescoContact", "ContactNo", "No"),
    ),
)

WEB_SERVICES: Final = Root(
    "web", "ODataV4/", "NAV", COMPANY, "Name", (RESCO_CUSTOMER, RESCO_CONTACT, RESCO_SERVICE_ORDER)
)
