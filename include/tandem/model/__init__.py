"""The nouns: frozen, without effects, cheap to import (Airflow parses them with every DAG)."""
