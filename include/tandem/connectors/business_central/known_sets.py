"""What the pages of API v2.0 do that its metadata does not tell.

Sources: the pages' own code (github.com/microsoft/ALAppExtensions, Apps/W1/APIV2) and the texts of
their errors, such as "You must get to the parent first to get to the picture."
"""

from typing import Final

_BY_PARENT: Final = "listed below one {} at a time only"

NOT_LISTED: Final = {
    "applyVendorEntries": _BY_PARENT.format("vendor payment"),
    "attachments": _BY_PARENT.format("document"),
    "contactsInformation": _BY_PARENT.format("customer, vendor or contact"),
    "customerPayments": _BY_PARENT.format("journal"),
    "dimensionSetLines": _BY_PARENT.format("document or entry") + ", by ids that others have too",
    "journalLines": _BY_PARENT.format("journal"),
    "pdfDocument": _BY_PARENT.format("document"),
    "pictures": _BY_PARENT.format("record"),
    "vendorPayments": _BY_PARENT.format("journal"),
}
"""Sets that cannot be read as a list → why."""

WITHOUT_CHANGES: Final = ("documentAttachments",)
"""Sets whose lastModifiedDateTime is the time of their creation."""

FOR_NEW_LINES: Final = ("documentId", "sequence")
"""Fields of document lines that can be given to new ones only."""
FOR_NEW_RECORDS: Final = {"salesOrderLines": ("lineObjectNumber",)}
"""Set → other fields of which the same is true."""
