"""Words for the same thing in business systems: what suggestions know beyond spelling.

From the vocabularies of Dataverse, Business Central, Resco, SAP and the usual samples. A phrase is
written in single words, small, as `tandem.core.names.words` takes names apart.
"""

from typing import Final

_MEANINGS: Final = {
    # who
    "account": "customer, client, company, cust, acct, organization, organisation, "
    "business partner",
    "organization id": "organisation id",  # Dataverse's tenant, no account
    "contact": "contac",  # Business Central's extension has a PrimaryContacNo
    "name": "display name, full name, name 1, legal name",
    "first name": "given name, forename",
    "last name": "surname, family name",
    "job title": "position, job position, contact title, function",
    "birth date": "birthday, birthdate, date of birth, dob, anniversary of birth",
    "number": "no, nr, num, nbr, document no, document number",
    "account number": "kunnr, customer no, account no, client no",
    "id": "guid, uuid, identifier, identity, unique id, unique identifier",
    "tax number": "vat number, vat id, tax id, vat registration number, vat registration no, "
    "tax registration number, tax registration no, vatin",
    # how to reach them
    "phone": "telephone, tel, phone number, telephone number, phone no, telephone no, tel no, "
    "business phone, main phone, telf, telephone 1, telf 1, phone 1",
    "mobile": "mobile phone, mobile number, cell, cell phone, cellphone, mobile phone number, "
    "mobile phone no, mobile no, cell number",
    "fax": "fax number, fax no, telefax, facsimile, telfx",
    "email": "e mail, mail, email address, e mail address, mail address, email 1, "
    "email address 1, smtp addr, smtp address",
    "website": "web site, website url, web site url, home page, homepage, web page, url, web, www, "
    "web address",
    # where they are
    "street": "line 1, street 1, street name, street address, street line 1, line, stras, addr",
    "street 2": "line 2, street line 2, additional street",
    "street 3": "line 3, street line 3",
    "city": "town, city name, locality, ort 1, ort",
    "postcode": "post code, postal code, zip, zip code, zip postal code, plz, pstlz, zip or postal "
    "code",
    "state": "state or province, state province, province, county, region",
    "country": "country region code, country region, country code, country or region, "
    "country name, land, land 1, country key, nation, country iso",
    "latitude": "lat",
    "longitude": "lng, lon",
    # when
    "modified": "modified on, modified at, last modified, last modified on, last modified at, "
    "last modified date, last modified date time, modified date, modified date time, updated at, "
    "updated on, last updated, last updated at, changed at, changed on, last changed, "
    "last change date time, system modified at, date modified, last update",
    "created": "created on, created at, creation date, creation date time, created date, "
    "created date time, date created, system created at, create date, inserted at",
    "version": "version number, row version, row version number, version no, system row version",
    "order date": "ordered at, ordered on, date of order",
    "due date": "deadline, due, due at, due on",
    "start": "start date, start time, starts at, begin, begin date, start date time, "
    "starting date, scheduled start, from date",
    "end": "end date, end time, ends at, end date time, ending date, scheduled end, to date",
    "required date": "requested delivery date, requested date, delivery date requested",
    "ship date": "shipped date, shipped on, shipped at, shipment date, date shipped",
    # how much
    "quantity": "qty, quantity ordered",
    "amount": "amt",
    "total": "total amount, amount total, total amt, grand total",
    "unit price": "price per unit, price each, sales price",
    "freight": "freight amount, freight cost, shipping cost",
    "employees": "number of employees, no of employees, employee count, headcount, "
    "employee number total",
    "revenue": "annual revenue, turnover, yearly revenue",
    "credit limit": "credit limit amount, credit max",
    "discount percent": "discount percentage, discount rate, discount pct",
    "currency": "currency code, iso currency code",
    # what it is about
    "description": "desc, notes, note, memo, comment, comments, remarks, long description",
    "title": "subject, topic",
    "status": "status code, status reason",
    "active": "is active",
    "department": "dept, department name",
    "case number": "ticket number, incident number",
    "priority": "priority code, prio",
    "industry": "industry code, sector, branch of industry",
    "work order": "service order, workorder",
    "product": "item, article, material, prod",
    "category": "category name, group name",
    "stock": "units in stock, inventory, quantity on hand, on hand",
}
"""Meaning → other ways to say it."""

MEANING: Final = {
    phrase.strip(): meaning
    for meaning, phrases in _MEANINGS.items()
    for phrase in (meaning, *phrases.split(","))
}
"""Phrase → what it means."""

_ENTITIES: Final = {
    "account": "customer, client, company, organization, business partner, debtor",
    "contact": "person, people, contact person",
    "work order": "service order, job, workorder",
    "product": "item, article, material",
    "case": "incident, ticket, service request, service case",
    "order": "sales order, purchase by customer",
    "order line": "order detail, sales order line, sales order detail, order item, line item",
    "invoice": "sales invoice, bill",
    "quote": "sales quote, quotation, offer",
    "lead": "prospect",
    "opportunity": "deal",
    "vendor": "supplier",
    "user": "system user, employee, resource, team member",
    "unit": "unit of measure",
    "asset": "service item, equipment, customer asset",
}
ENTITY_MEANING: Final = {
    phrase.strip(): meaning
    for meaning, phrases in _ENTITIES.items()
    for phrase in (meaning, *phrases.split(","))
}
"""The same for names of entities, in the singular."""

_GLUED: Final = """
    account active address amount annual annum assistant at balance bank base begin billing birth
    business by card case category cell change changed city class client close closed code comment
    company contact cost count country county created creation credit currency customer date day
    deadline delivery department description detail discount display do document due email employee
    employees end entity estimated exchange external family fax first freight ftp full gender given
    group home hour hours id image income industry invoice is item job key language last latitude
    lead level limit line longitude mail main manager marital market middle minutes mobile modified
    month name nick no note notes not number of office on open or order organization owner owning
    ownership page parent payment percent phone picture position post postal preferred price primary
    priority process product profile province quantity quote rate rating reason record ref reference
    region registration relationship requested required revenue row sales salutation schedule
    scheduled score service service shipped shipping shipment site size source spouse spouses stage
    start state status stock street subject suffix supplier system tax team telephone terms
    territory ticket time title to total town transaction type unit until updated uri url user utc
    value vat vendor version via web website weight work year zip zone
"""

KNOWN_WORDS: Final = frozenset(_GLUED.split()) | {
    word for phrase in (*MEANING, *ENTITY_MEANING) for word in phrase.split()
}
"""Words that are found in names written in one, such as `primarycontactid`."""
