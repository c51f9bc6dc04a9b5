"""The entities of the simulated organisation: those that Resco Integrations maps by default.

`account`, `contact` and `fs_workorder` with `integration_bc_pk` and `integration_bc_documenttype`
(Resco wiki, Integrations and Connect Resco Cloud to Business Central); `customerid` of a work order
refers to an account or a contact. Values of status that Resco's Business Central extension named
are its own (Draft 1, In Progress 10000, Completed 10001); the states around them are made up.
"""

from dataclasses import replace
from typing import Final

from tandem.demo.model import ServiceModel
from tandem.demo.resco.attributes import Attribute, Entity, Kind, LookupForm, Option

NAMESPACE: Final = "RescoCrm"
USER: Final = "systemuser"

ACTIVE: Final = (Option(1, "Active"), Option(2, "Inactive", state=1))
INDUSTRIES: Final = ("Food", "Transport", "Energy", "Health", "Public sector")
PRIORITIES: Final = ("Critical", "High", "Normal", "Low", "Someday")
STATUS: Final = (
    Option(1, "Draft"),
    Option(10000, "In Progress"),
    Option(10001, "Completed", state=1),
    Option(10002, "Cancelled", state=2),
)


def _entity(
    name: str, label: str, *attributes: Attribute, status: tuple[Option, ...] = ACTIVE
) -> Entity:
    """With the fields that every entity has; all but users have an owner."""
    owner = Attribute("ownerid", Kind.LOOKUP, targets=(USER,))
    return Entity(
        name,
        label,
        (
            Attribute("id", Kind.UNIQUE_IDENTIFIER, required=True),
            Attribute("name", length=200, required=True),
            *attributes,
            *(() if name == USER else (owner,)),
            Attribute("statuscode", Kind.PICKLIST_MAP, required=True, options=status),
            Attribute("createdon", Kind.DATE_TIME, computed=True),
            Attribute("modifiedon", Kind.DATE_TIME, computed=True),
            Attribute("versionnumber", Kind.ROW_VERSION, computed=True),
        ),
    )


def _options(labels: tuple[str, ...]) -> tuple[Option, ...]:
    return tuple(Option(value, label) for value, label in enumerate(labels, start=1))


ADDRESS: Final = (
    Attribute("address1_line1", length=250),
    Attribute("address1_city", length=80),
    Attribute("address1_stateorprovince", length=80),
    Attribute("address1_postalcode", length=20),
    Attribute("address1_country", length=80),
)
EXTERNAL_KEY: Final = Attribute("integration_bc_pk", length=100)

ENTITIES: Final = (
    _entity(
        USER,
        "User",
        Attribute("firstname", length=64),
        Attribute("lastname", length=64),
        Attribute("internalemailaddress", length=100),
    ),
    _entity(
        "account",
        "Account",
        Attribute("accountnumber", length=20),
        Attribute("emailaddress1", length=100),
        Attribute("telephone1", length=50),
        Attribute("websiteurl", length=200),
        *ADDRESS,
        Attribute("industrycode", Kind.PICKLIST, options=_options(INDUSTRIES)),
        Attribute("numberofemployees", Kind.INTEGER),
        Attribute("creditlimit", Kind.MONEY, precision=2),
        Attribute("revenue", Kind.DECIMAL, precision=6),
        Attribute("creditonhold", Kind.BOOLEAN),
        Attribute("parentaccountid", Kind.LOOKUP, targets=("account",)),
        Attribute("primarycontactid", Kind.LOOKUP, targets=("contact",)),
        EXTERNAL_KEY,
    ),
    _entity(
        "contact",
        "Contact",
        Attribute("firstname", length=64),
        Attribute("lastname", length=80),
        Attribute("emailaddress1", length=160),
        Attribute("telephone1", length=50),
        Attribute("jobtitle", length=100),
        Attribute("birthdate", Kind.DATE_TIME),
        Attribute("parentcustomerid", Kind.LOOKUP, targets=("account",)),
        EXTERNAL_KEY,
    ),
    _entity(
        "fs_workorder",
        "Work Order",
        Attribute("description"),
        Attribute("customerid", Kind.LOOKUP, targets=("account", "contact")),
        Attribute("contactid", Kind.LOOKUP, targets=("contact",)),
        *ADDRESS,
        Attribute("prioritycode", Kind.PICKLIST, options=_options(PRIORITIES)),
        Attribute("scheduledstart", Kind.DATE_TIME),
        Attribute("latitude", Kind.FLOAT),
        Attribute("longitude", Kind.FLOAT),
        Attribute("totalamount", Kind.MONEY, precision=2),
        Attribute("isbillable", Kind.BOOLEAN),
        EXTERNAL_KEY,
        Attribute("integration_bc_documenttype", length=100),
        status=STATUS,
    ),
)


def entities(form: LookupForm) -> tuple[Entity, ...]:
    """All of them, with their lookups in that form."""
    return tuple(replace(entity, form=form) for entity in ENTITIES)


def stored(all_: tuple[Entity, ...]) -> ServiceModel:
    """What the database keeps."""
    return ServiceModel(NAMESPACE, tuple(entity.stored for entity in all_))


def shown(all_: tuple[Entity, ...]) -> ServiceModel:
    """What `$metadata` tells of."""
    return ServiceModel(NAMESPACE, tuple(entity.shown for entity in all_))
