"""Dynamics 365 and whatever else keeps its records in Dataverse: OData with metadata of its own."""
