"""The pages inside Airflow, and the REST API that they are made of."""
