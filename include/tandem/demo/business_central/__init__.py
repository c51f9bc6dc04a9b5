"""A simulated Business Central: API pages, custom APIs and published web services.

What it imitates is documented by Microsoft Learn, "Dynamics 365 Business Central: Development";
each module names the articles that it follows.
"""
