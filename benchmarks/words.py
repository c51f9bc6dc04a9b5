"""What the strings of a benchmark record are made of."""

# ruff: noqa: RUF001 - names and typography as they are written

FIRST = (
    "Ada", "Božena", "Chloé", "Dmitri", "Eliška", "Fatima", "Grace", "Håkon", "Ingrid", "José",
    "Katarzyna", "Linus", "María", "Nguyễn", "Ólafur", "Priya", "Quentin", "Růžena", "Søren",
    "Tereza", "Ulrike", "Václav", "Wei", "Xenia", "Yuki", "Zoë",
)  # fmt: skip
LAST = (
    "Andersson", "Brown", "Černý", "Dvořák", "Eriksen", "Fernández", "García", "Horáková",
    "Ivanov", "Jørgensen", "Kowalski", "Lindström", "Müller", "Novák", "O'Neil", "Procházka",
    "Rossi", "Svoboda", "Tanaka", "Virtanen", "Weiß", "Yılmaz", "Żółkowski", "王",
)  # fmt: skip
SUFFIX = ("s.r.o.", "GmbH & Co. KG", "Ltd.", "a.s.", "Inc.", "S.A.", "AB", "sp. z o.o.")
DOMAIN = ("example.com", "mail.example.org", "sales.example.net", "example.cz")
CITY = (
    "Brno", "Praha", "København", "Zürich", "Kraków", "München", "São Paulo", "Göteborg",
    "Reykjavík", "London", "Łódź", "Wien", "Bratislava", "東京", "Montréal", "Springfield",
)  # fmt: skip
COUNTRY = ("CZ", "SK", "DE", "AT", "PL", "DK", "SE", "GB", "FR", "CH")
STATUS = ("open", "released", "pending approval", "shipped", "invoiced", "closed")
NOTE = (
    "Deliver to the rear entrance, ring twice.",
    "Customer asked for a call before delivery – naïve estimate 30 minutes.",
    'Marked "urgent" by the dispatcher.',
    "Spare parts are on the second shelf\nof the blue van.",
    "Replaces the order of last week.",
    "Payment by bank transfer, net 30 days.",
    "Nothing to add.",
    "Překontrolovat číslo smlouvy před fakturací.",
)
