"""The suite that every connector passes, also one that is written outside this project.

Its author writes a test module with one fixture and runs pytest:

    import pytest
    from tandem.conformance import *
    from tandem.conformance import Subject

    @pytest.fixture
    def subject():
        system = start_an_empty_system()
        connector = MyConnector(Connection(id="mine", conn_type="mine", host=system.url))
        yield Subject(connector, entity="items", put=system.insert)
        connector.close()
        system.stop()

The suite asks the connector's schema what fields the entity has, makes records of the values
that connectors get wrong, puts them into the system by `Subject.put`, and compares. Tests are
skipped, with the reason, where the entity or the subject lacks what they need; what connectors
have to do stands in `tandem.connectors.base`. It needs pytest, which Tandem itself does not.
"""

import pytest

pytest.register_assert_rewrite(
    *(f"tandem.conformance.{name}" for name in ("subject", "reading", "filtering", "changes")),
    *(f"tandem.conformance.{name}" for name in ("writers", "writing", "guarding")),
    *(f"tandem.conformance.{name}" for name in ("provisioning", "promises", "splitting")),
)

from tandem.conformance.changes import *  # noqa: E402, F403
from tandem.conformance.filtering import *  # noqa: E402, F403
from tandem.conformance.guarding import *  # noqa: E402, F403
from tandem.conformance.promises import *  # noqa: E402, F403
from tandem.conformance.provisioning import *  # noqa: E402, F403
from tandem.conformance.reading import *  # noqa: E402, F403
from tandem.conformance.splitting import *  # noqa: E402, F403
from tandem.conformance.subject import Subject  # noqa: E402
from tandem.conformance.writing import *  # noqa: E402, F403

__all__ = [
    "Subject",
    *(name for name in globals() if name.startswith("test_")),
]
