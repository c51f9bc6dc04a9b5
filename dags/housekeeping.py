"""Airflow DAG: what nobody needs any more goes, once a day (`tandem.airflow.housekeeping`)."""

from airflow.sdk import get_parsing_context

from tandem.airflow.housekeeping import DAG_ID, build_dag

if get_parsing_context().dag_id in (None, DAG_ID):
    dag = build_dag()
