"""All that knows Airflow: DAGs, their tasks, connections and connection types."""
