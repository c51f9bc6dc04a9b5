"""The tables of the sample organization: Dataverse's own names, and a work order of Field Service.

The logical names, sets, columns and navigation properties are those of Microsoft Learn's table
references; a real organization has some hundred tables more, and these have more columns.
"""

from collections.abc import Mapping
from typing import Final

from tandem.demo.dynamics.system import (
    CURRENCIES,
    MESSAGE,
    MESSAGE_FILTER,
    MODIFIED_BY,
    TEAM,
    USER,
)
from tandem.demo.dynamics.tables import Lookup, OnDelete, Table, Target, amount, choice, text
from tandem.demo.model import Edm, Property, ServiceModel

NAMESPACE: Final = "Microsoft.Dynamics.CRM"
ACTIVE: Final = {0: "Active", 1: "Inactive"}
STATUS: Final = {1: "Active", 2: "Inactive"}
NEW: Final = {"statecode": 0, "statuscode": 1}

OWNER: Final = Lookup(
    "ownerid",
    (Target("ownerid", "systemuser"), Target("ownerid", "team")),
    OnDelete.RESTRICT,
    abstract="principal",
)
CURRENCY: Final = Lookup(
    "transactioncurrencyid",
    (Target("transactioncurrencyid", "transactioncurrency"),),
    OnDelete.RESTRICT,
)
STATE: Final = (choice("statecode"), choice("statuscode"))


def _customer(name: str, on_delete: OnDelete) -> Lookup:
    targets = (Target(f"{name}_account", "account"), Target(f"{name}_contact", "contact"))
    return Lookup(name, targets, on_delete)


ACCOUNT: Final = Table(
    "account",
    "accounts",
    "Account",
    "accountid",
    "name",
    columns=(
        text("name", 160),
        text("accountnumber", 20),
        text("telephone1", 50),
        text("fax", 50),
        text("websiteurl", 200),
        text("address1_line1", 250),
        text("address1_city", 80),
        text("address1_postalcode", 20),
        text("address1_country", 80),
        Property("description", max_length=2_000, collation="dataverse"),
        Property("numberofemployees", Edm.INT32),
        amount("revenue"),
        amount("creditlimit"),
        choice("industrycode"),
        choice("customertypecode"),
        Property("donotemail", Edm.BOOLEAN),
        *STATE,
    ),
    lookups=(
        Lookup("parentaccountid", (Target("parentaccountid", "account"),)),
        Lookup("primarycontactid", (Target("primarycontactid", "contact"),)),
        OWNER,
        CURRENCY,
        MODIFIED_BY,
    ),
    choices={
        "statecode": ACTIVE,
        "statuscode": STATUS,
        "customertypecode": {1: "Competitor", 3: "Customer", 10: "Supplier", 12: "Other"},
        "industrycode": {1: "Accounting", 2: "Agriculture", 12: "Financial", 33: "Wholesale"},
    },
    defaults=NEW,
    money=("revenue", "creditlimit"),
    alternate_keys=(("accountnumber",),),
)
CONTACT: Final = Table(
    "contact",
    "contacts",
    "Contact",
    "contactid",
    "fullname",
    columns=(
        Property("fullname", max_length=160, collation="dataverse", computed=True),
        text("firstname", 50),
        text("lastname", 50),
        text("emailaddress1", 100),
        text("telephone1", 50),
        text("jobtitle", 100),
        Property("birthdate", Edm.DATE),
        Property("donotemail", Edm.BOOLEAN),
        *STATE,
    ),
    lookups=(_customer("parentcustomerid", OnDelete.CASCADE), OWNER, MODIFIED_BY),
    choices={"statecode": ACTIVE, "statuscode": STATUS},
    defaults=NEW,
)
INCIDENT: Final = Table(
    "incident",
    "incidents",
    "Case",
    "incidentid",
    "title",
    columns=(
        text("title", 200),
        text("ticketnumber", 100),
        Property("description", max_length=2_000, collation="dataverse"),
        choice("prioritycode"),
        choice("caseorigincode"),
        *STATE,
    ),
    lookups=(
        _customer("customerid", OnDelete.CASCADE),
        Lookup("primarycontactid", (Target("primarycontactid", "contact"),)),
        OWNER,
        MODIFIED_BY,
    ),
    choices={
        "statecode": {0: "Active", 1: "Resolved", 2: "Cancelled"},
        "statuscode": {
            1: "In Progress",
            2: "On Hold",
            3: "Waiting for Details",
            5: "Problem Solved",
        },
        "prioritycode": {1: "High", 2: "Normal", 3: "Low"},
        "caseorigincode": {1: "Phone", 2: "Email", 3: "Web"},
    },
    defaults={**NEW, "prioritycode": 2},
)
WORK_ORDER: Final = Table(
    "msdyn_workorder",
    "msdyn_workorders",
    "Work Order",
    "msdyn_workorderid",
    "msdyn_name",
    columns=(
        text("msdyn_name", 100),
        text("msdyn_workordersummary", 4_000),
        text("msdyn_instructions", 4_000),
        text("msdyn_city", 80),
        choice("msdyn_systemstatus"),
        Property("msdyn_totalestimatedduration", Edm.INT32),
        amount("msdyn_totalamount"),
        Property("msdyn_taxable", Edm.BOOLEAN),
        Property("msdyn_latitude", Edm.DOUBLE),
        Property("msdyn_longitude", Edm.DOUBLE),
        Property("msdyn_datewindowstart", Edm.DATE),
        Property("msdyn_timefrompromised", Edm.DATE_TIME_OFFSET),
        *STATE,
    ),
    # Of tables that solutions add, navigation properties have the case of the schema name.
    lookups=(
        Lookup(
            "msdyn_serviceaccount", (Target("msdyn_serviceaccount", "account"),), OnDelete.RESTRICT
        ),
        Lookup("msdyn_reportedbycontact", (Target("msdyn_ReportedByContact", "contact"),)),
        OWNER,
        CURRENCY,
        MODIFIED_BY,
    ),
    choices={
        "statecode": ACTIVE,
        "statuscode": STATUS,
        "msdyn_systemstatus": {
            690970000: "Unscheduled",
            690970001: "Scheduled",
            690970002: "In Progress",
            690970003: "Completed",
            690970005: "Canceled",
        },
    },
    defaults={**NEW, "msdyn_systemstatus": 690970000},
    money=("msdyn_totalamount",),
    alternate_keys=(("msdyn_name",),),
)
TABLES: Final = (
    ACCOUNT,
    CONTACT,
    INCIDENT,
    WORK_ORDER,
    CURRENCIES,
    USER,
    TEAM,
    MESSAGE,
    MESSAGE_FILTER,
)
BY_SET: Final[Mapping[str, Table]] = {table.set_name: table for table in TABLES}
BY_NAME: Final[Mapping[str, Table]] = {table.logical_name: table for table in TABLES}
MODEL: Final = ServiceModel(NAMESPACE, tuple(table.entity_set for table in TABLES))
