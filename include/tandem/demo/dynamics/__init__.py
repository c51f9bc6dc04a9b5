"""A simulator of the Dataverse Web API (Dynamics 365): the demo with the manners of Dataverse."""
