"""Tandem keeps the records of two business systems in step, on Apache Airflow."""
