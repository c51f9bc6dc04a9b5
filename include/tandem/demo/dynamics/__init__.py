"""A simulator of the Dataverse Web API (Dynamics 365): the demo service with Dataverse's manners."""
