"""What services make of OData each in a way of their own, as data: a `Dialect` a family."""
