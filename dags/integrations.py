"""Airflow DAGs: sync, import and export of each integration file (`tandem.airflow.dag_builder`)."""

from airflow.sdk import get_parsing_context

from tandem.airflow.dag_builder import build_dags
from tandem.settings import Settings

# A task parses no more than its own DAG.
for dag in build_dags(Settings.from_environment().config, get_parsing_context().dag_id):
    globals()[dag.dag_id] = dag
