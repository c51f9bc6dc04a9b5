"""Sales orders and their lines, as API v2.0 publishes them."""

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
    text,
    whole,
)
from tandem.demo.business_central.pages import Document, Navigation, Page
from tandem.demo.model import EnumType

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
        *address("sellTo"),
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
    fixed=("documentId", "sequence", "lineObjectNumber"),
    lines_of=Document("salesOrders"),
)
