"""Business Central: its API and its published web services, company by company."""
