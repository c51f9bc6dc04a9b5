"""Hooks of our connection types: what the Test button of Airflow's Connections page calls."""

from contextlib import closing
from typing import Any, ClassVar

from airflow.sdk import BaseHook
from airflow.sdk.timezone import utcnow

from tandem.airflow.connections import find_connection, from_airflow
from tandem.errors import TandemError, one_line
from tandem.settings import Settings


class ConnectorHook(BaseHook):
    """Asks a connector whether its system can be reached and lets us in."""

    conn_name_attr = "conn_id"
    connector: ClassVar[str]

    def __init__(self, conn_id: str, **options: Any) -> None:
        super().__init__(**options)
        self.conn_id = conn_id

    def test_connection(self) -> tuple[bool, str]:
        """Whether the connection works, and what was found or what stands in the way: where a
        person has to sign in, the code to enter. It does not wait for that.
        """
        from tandem.connectors.registry import open_connector
        from tandem.connectors.sign_in import SignsIn
        from tandem.sync.environment import Environment, sign_ins_of

        environment = Environment(Settings.from_environment(), find_connection, utcnow)
        try:
            connection = from_airflow(self.get_connection(self.conn_id))
            with (
                closing(sign_ins_of(environment)) as sign_ins,
                closing(open_connector(self.connector, connection, sign_ins)) as connector,
            ):
                pending = connector.begin_sign_in() if isinstance(connector, SignsIn) else None
                if pending:
                    return False, one_line(f"{pending.message} Then press Test again.")
                return True, one_line(connector.check())
        except TandemError as error:
            return False, one_line(str(error))


class ODataHook(ConnectorHook):
    """A service that speaks OData v4."""

    conn_type = connector = "odata"
    default_conn_name = "odata_default"
    hook_name = "OData v4 (Tandem)"


class DynamicsHook(ConnectorHook):
    """Dynamics 365, or another system whose records are in Dataverse."""

    conn_type = connector = "dynamics"
    default_conn_name = "dynamics_default"
    hook_name = "Dynamics 365 (Tandem)"


class BusinessCentralHook(ConnectorHook):
    """A company in Business Central."""

    conn_type = connector = "business_central"
    default_conn_name = "business_central_default"
    hook_name = "Business Central (Tandem)"


class RescoHook(ConnectorHook):
    """An organization in Resco Cloud."""

    conn_type = connector = "resco"
    default_conn_name = "resco_default"
    hook_name = "Resco Cloud (Tandem)"


class SqlHook(ConnectorHook):
    """A SQL database."""

    conn_type = connector = "sql"
    default_conn_name = "sql_default"
    hook_name = "SQL database (Tandem)"
