"""API v2.0: the pages that the simulator has, with their published names and types.

Microsoft Learn, "API reference for Business Central (v2.0)".
"""

from typing import Final

from tandem.demo.business_central.fields import (
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
from tandem.demo.business_central.pages import Document, Navigation, Page, Root
from tandem.demo.model import Edm, EntitySet, EnumType, Property

CONTACT_TYPE: Final = EnumType("contactType", ("Company", "Person"))
BLOCKED: Final = EnumType("customerBlocked", ("_x0020_", "Ship", "Invoice", "All"))
ITEM_TYPE: Final = EnumType("itemType", ("Inventory", "Service", "Non_x002D_Inventory"))
ORDER_STATUS: Final = EnumType("salesOrderEntityBufferStatus", ("Draft", "In_x0020_Review", "Open"))
LINE_TYPE: Final = EnumType(
    "invoiceLineAggLineType",
    (
        "Comment",
        "Account",
        "Item",
        "Resource",
        "Fixed_x0020_Asset",
        "Charge",
        "Allocation_x0020_Account",
    ),
)

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


def _address(prefix: str = "") -> tuple[Property, ...]:
    names = ("addressLine1", "addressLine2", "city", "state", "country", "postalCode")
    if prefix:
        names = ("AddressLine1", "AddressLine2", "City", "Country", "State", "PostCode")
    lengths = {"city": 30, "state": 30, "country": 10, "postalcode": 20, "postcode": 20}
    lengths |= {"addressline1": 100, "addressline2": 50}
    return tuple(text(f"{prefix}{name}", lengths[name.lower()]) for name in names)


MODIFIED: Final = moment("lastModifiedDateTime")

CUSTOMERS: Final = Page(
    entity(
        "customers",
        "customer",
        text("number", 20),
        text("displayName", 100),
        choice("type", CONTACT_TYPE),
        *_address(),
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
        *_address(),
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
SALES_ORDERS: Final = Page(
    entity(
        "salesOrders",
        "salesOrder",
        text("number", 20),
        text("externalDocumentNumber", 35),
        day("orderDate"),
        day("postingDate"),
        guid("customerId"),
        text("customerNumber", 20),
        text("customerName", 100, computed=True),
        *_address("sellTo"),
        guid("currencyId"),
        text("currencyCode"),
        flag("pricesIncludeTax"),
        guid("paymentTermsId"),
        text("salesperson", 20),
        flag("partialShipping"),
        day("requestedDeliveryDate"),
        amount("discountAmount"),
        flag("discountAppliedBeforeTax", computed=True),
        amount("totalAmountExcludingTax", computed=True),
        amount("totalTaxAmount", computed=True),
        amount("totalAmountIncludingTax", computed=True),
        flag("fullyShipped", computed=True),
        choice("status", ORDER_STATUS, computed=True),
        MODIFIED,
        text("phoneNumber", 30),
        text("email", 80),
    ),
    navigations=(
        Navigation("customer", "customers", "customerId"),
        Navigation("currency", "currencies", "currencyId"),
        Navigation("paymentTerm", "paymentTerms", "paymentTermsId"),
        Navigation(
            "salesOrderLines",
            "salesOrderLines",
            "id",
            "documentId",
            many=True,
            partner="salesOrder",
        ),
    ),
    series="number",
)
SALES_ORDER_LINES: Final = Page(
    entity(
        "salesOrderLines",
        "salesOrderLine",
        guid("documentId"),
        whole("sequence"),
        guid("itemId"),
        guid("accountId"),
        choice("lineType", LINE_TYPE),
        text("lineObjectNumber", 20),
        text("description", 100),
        text("description2", 50),
        text("unitOfMeasureCode", 10),
        amount("quantity"),
        amount("unitPrice"),
        amount("discountAmount"),
        amount("discountPercent"),
        flag("discountAppliedBeforeTax", computed=True),
        amount("amountExcludingTax", computed=True),
        text("taxCode", 50),
        amount("taxPercent", computed=True),
        amount("totalTaxAmount", computed=True),
        amount("amountIncludingTax", computed=True),
        amount("netAmount", computed=True),
        amount("netTaxAmount", computed=True),
        amount("netAmountIncludingTax", computed=True),
        day("shipmentDate"),
    ),
    navigations=(
        Navigation("salesOrder", "salesOrders", "documentId", partner="salesOrderLines"),
        Navigation("item", "items", "itemId"),
    ),
    lines_of=Document("salesOrders"),
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
