"""API v2.0: the pages that the simulator has, with their published names and types.

Microsoft Learn, "API reference for Business Central (v2.0)".
"""

from typing import Final

from tandem.demo.business_central.fields import (
    MODIFIED,
    address,
    amount,
    choice,
    day,
    entity,
    flag,
    guid,
    moment,
    text,
    whole,
)
from tandem.demo.business_central.orders import SALES_ORDER_LINES, SALES_ORDERS
from tandem.demo.business_central.pages import Navigation, Page, Root
from tandem.demo.model import Edm, EntitySet, EnumType

CONTACT_TYPE: Final = EnumType("contactType", ("Company", "Person"))
BLOCKED: Final = EnumType("customerBlocked", ("_x0020_", "Ship", "Invoice", "All"))
ITEM_TYPE: Final = EnumType("itemType", ("Inventory", "Service", "Non_x002D_Inventory"))
COMPANIES: Final = EntitySet(
    "companies",
    "company",
    ("id",),
    (
        guid("id", computed=True),
        text("systemVersion", computed=True),
        whole("timestamp", Edm.INT64, computed=True),
        text("name", 30, computed=True),
        text("displayName", 250, computed=True),
        text("businessProfileId", 250, computed=True),
        moment("systemCreatedAt"),
        guid("systemCreatedBy", computed=True),
        moment("systemModifiedAt"),
        guid("systemModifiedBy", computed=True),
    ),
)


CUSTOMERS: Final = Page(
    entity(
        "customers",
        "customer",
        text("number", 20),
        text("displayName", 100),
        choice("type", CONTACT_TYPE),
        *address(),
        text("phoneNumber", 30),
        text("email", 80),
        text("website", 80),
        text("salespersonCode", 20),
        amount("balanceDue", computed=True),
        amount("creditLimit"),
        flag("taxLiable"),
        guid("taxAreaId"),
        text("taxAreaDisplayName", computed=True),
        text("taxRegistrationNumber"),
        guid("currencyId"),
        text("currencyCode"),
        guid("paymentTermsId"),
        guid("shipmentMethodId"),
        guid("paymentMethodId"),
        choice("blocked", BLOCKED),
        MODIFIED,
    ),
    navigations=(
        Navigation("currency", "currencies", "currencyId"),
        Navigation("paymentTerm", "paymentTerms", "paymentTermsId"),
    ),
    required=("displayName",),
    series="number",
)
CONTACTS: Final = Page(
    entity(
        "contacts",
        "contact",
        text("number", 20),
        choice("type", CONTACT_TYPE),
        text("displayName", 100),
        text("jobTitle", 30),
        text("companyNumber", 20),
        text("companyName", 100),
        *address(),
        text("phoneNumber", 30),
        text("mobilePhoneNumber", 30),
        text("email", 80),
        text("website", 80),
        text("searchName", 100),
        flag("privacyBlocked"),
        text("taxRegistrationNumber"),
        day("lastInteractionDate"),
        MODIFIED,
    ),
    required=("displayName",),
    series="number",
)
ITEMS: Final = Page(
    entity(
        "items",
        "item",
        text("number", 20),
        text("displayName", 100),
        text("displayName2", 50),
        choice("type", ITEM_TYPE),
        flag("blocked"),
        text("gtin", 14),
        amount("inventory", computed=True),
        amount("unitPrice"),
        flag("priceIncludesTax"),
        amount("unitCost"),
        text("baseUnitOfMeasureCode", 10),
        MODIFIED,
    ),
    navigations=(Navigation("picture", "pictures", "id", partner="item"),),
    series="number",
)
PICTURES: Final = Page(
    entity("pictures", "picture", whole("width"), whole("height"), text("contentType", 100)),
    navigations=(Navigation("item", "items", "id", partner="picture"),),
    streams=("pictureContent",),
)
PAYMENT_TERMS: Final = Page(
    entity(
        "paymentTerms",
        "paymentTerm",
        text("code", 10),
        text("displayName", 100),
        text("dueDateCalculation"),
        text("discountDateCalculation"),
        amount("discountPercent"),
        flag("calculateDiscountOnCreditMemos"),
        MODIFIED,
    ),
    required=("code",),
)
CURRENCIES: Final = Page(
    entity(
        "currencies",
        "currency",
        text("code", 10),
        text("displayName", 30),
        text("symbol", 10),
        text("amountDecimalPlaces", 5),
        amount("amountRoundingPrecision"),
        MODIFIED,
    ),
    required=("code",),
)

API: Final = Root(
    "api",
    "api/v2.0/",
    "Microsoft.NAV",
    COMPANIES,
    "name",
    (
        CUSTOMERS,
        CONTACTS,
        ITEMS,
        PICTURES,
        SALES_ORDERS,
        SALES_ORDER_LINES,
        PAYMENT_TERMS,
        CURRENCIES,
    ),
)
