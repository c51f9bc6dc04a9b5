"""An OData v4 service over SQLite: something to sync with on a machine that has nothing else."""
