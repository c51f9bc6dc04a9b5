"""The model of the demo service: a company that maintains machines at its customers' sites."""

from typing import Final

from tandem.demo.model import (
    ComplexProperty,
    ComplexType,
    Edm,
    EntitySet,
    EnumType,
    Property,
    Reference,
    ServiceModel,
)

STATUS: Final = EnumType(
    "WorkOrderStatus", ("Open", "Scheduled", "InProgress", "Completed", "Cancelled")
)
ADDRESS: Final = ComplexType(
    "Address",
    (
        Property("street", max_length=120),
        Property("city", max_length=80),
        Property("postalCode", max_length=20),
        Property("country", max_length=2),
    ),
)
ID: Final = Property("ID", Edm.GUID, nullable=False)
STAMPS: Final = (
    Property("modifiedAt", Edm.DATE_TIME_OFFSET, nullable=False, precision=6, computed=True),
    Property("rowVersion", Edm.INT64, nullable=False, computed=True),
)

ACCOUNTS: Final = EntitySet(
    name="Accounts",
    type_name="Account",
    key=("ID",),
    properties=(
        ID,
        Property("accountNumber", nullable=False, max_length=20),
        Property("name", nullable=False, max_length=160),
        Property("parent_ID", Edm.GUID),
        ComplexProperty("address", ADDRESS),
        Property("phone", max_length=40),
        Property("website", max_length=200),
        Property("industry", max_length=60),
        Property("creditLimit", Edm.DECIMAL, precision=18, scale=2),
        Property("revenue", Edm.DECIMAL, precision=28, scale=6),
        Property("employees", Edm.INT32),
        Property("registrationNumber", Edm.INT64),
        Property("isActive", Edm.BOOLEAN, nullable=False),
        Property("customerSince", Edm.DATE),
        *STAMPS,
    ),
    references=(Reference("parent", "Accounts", "parent_ID"),),
    row_version="rowVersion",
    modified_at="modifiedAt",
)
CONTACTS: Final = EntitySet(
    name="Contacts",
    type_name="Contact",
    key=("ID",),
    properties=(
        ID,
        Property("account_ID", Edm.GUID),
        Property("firstName", max_length=60),
        Property("lastName", nullable=False, max_length=80),
        Property("email", max_length=160),
        Property("phone", max_length=40),
        Property("jobTitle", max_length=100),
        Property("birthDate", Edm.DATE),
        Property("newsletter", Edm.BOOLEAN),
        Property("callAfter", Edm.TIME_OF_DAY, precision=0),
        *STAMPS,
    ),
    references=(Reference("account", "Accounts", "account_ID"),),
    row_version="rowVersion",
    modified_at="modifiedAt",
)
WORK_ORDERS: Final = EntitySet(
    name="WorkOrders",
    type_name="WorkOrder",
    key=("ID",),
    properties=(
        ID,
        Property("orderNumber", nullable=False, max_length=20),
        Property("subject", nullable=False, max_length=200),
        Property("description"),
        Property("account_ID", Edm.GUID, nullable=False),
        Property("contact_ID", Edm.GUID),
        Property("status", STATUS, nullable=False),
        Property("priority", Edm.INT32, nullable=False),
        ComplexProperty("site", ADDRESS),
        Property("latitude", Edm.DOUBLE),
        Property("longitude", Edm.DOUBLE),
        Property("scheduledAt", Edm.DATE_TIME_OFFSET, precision=3),
        Property("dueDate", Edm.DATE),
        Property("accessFrom", Edm.TIME_OF_DAY, precision=3),
        Property("hours", Edm.DECIMAL, precision=9, scale=2),
        Property("amount", Edm.DECIMAL, precision=18, scale=2),
        Property("taxRate", Edm.DECIMAL, precision=5, scale=4),
        Property("meterReading", Edm.INT64),
        Property("isBillable", Edm.BOOLEAN, nullable=False),
        *STAMPS,
    ),
    references=(
        Reference("account", "Accounts", "account_ID"),
        Reference("contact", "Contacts", "contact_ID"),
    ),
    row_version="rowVersion",
    modified_at="modifiedAt",
)
FIELD_SERVICE: Final = ServiceModel("Tandem.Demo", (ACCOUNTS, CONTACTS, WORK_ORDERS))
