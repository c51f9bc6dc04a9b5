"""Which systems the demo can be; known to the command line, which needs no web server for it."""

from enum import StrEnum


class Dialect(StrEnum):
    """The systems that the demo can be."""

    ODATA = "odata"
    DYNAMICS = "dynamics"
    BUSINESS_CENTRAL = "business_central"
    RESCO = "resco"
