"""`tandem init`: a usable file, or none."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tandem.cli.main import app
from tandem.connectors import memory
from tandem.integration_files import load_integration
from tandem.model.schema import Entity, Field, Kind, LookupTarget

ODD_NAMES = ("No", "null", "first name", "a: b}", "#x", "ž", "a/b", "7", "true")


def entity(name: str, *fields: str) -> Entity:
    key = Field(name="id", kind=Kind.GUID, nullable=False)
    others = (Field(name=field, kind=Kind.STRING) for field in fields)
    return Entity(name=name, key=("id",), fields=(key, *others))


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of integration files; an external system waits in memory."""
    monkeypatch.setenv("TANDEM_CONFIG", str(tmp_path / "config"))
    connection = '{"conn_type": "memory", "extra": {"store": "init"}}'
    monkeypatch.setenv("AIRFLOW_CONN_CRM", connection)
    yield tmp_path / "config"
    memory.forget("init")


def init(*arguments: str) -> Result:
    sides = ["--external", "memory:crm", "--local", "memory:crm"]
    return CliRunner().invoke(app, ["init", *arguments, *sides])


def test_odd_names_survive(config: Path) -> None:
    memory.store("init").define(entity("Yes: [no", *ODD_NAMES))
    result = init("crm")
    assert result.exit_code == 0, result.stderr
    (mapping,) = load_integration(config / "crm.yaml").entities
    assert mapping.external == "Yes: [no"
    assert [field.external for field in mapping.fields] == ["id", *ODD_NAMES]
    assert [path.name for path in config.iterdir()] == ["crm.yaml"]


def refer(name: str, *targets: LookupTarget) -> Entity:
    """An entity with a text that refers to these."""
    reference = Field(name="account_code", kind=Kind.STRING, lookup=targets)
    made = entity(name)
    return made.model_copy(update={"fields": (*made.fields, reference)})


def code_of_accounts(*, unique: bool) -> Entity:
    accounts = entity("Accounts")
    code = Field(name="code", kind=Kind.STRING, unique=unique)
    return accounts.model_copy(update={"fields": (*accounts.fields, code)})


def test_a_lookup_goes_by_the_field_that_the_metadata_names(config: Path) -> None:
    memory.store("init").define(code_of_accounts(unique=True))
    memory.store("init").define(refer("Contacts", LookupTarget(entity="Accounts", field="code")))
    assert init("crm").exit_code == 0
    _, mapping = load_integration(config / "crm.yaml").entities
    assert mapping.fields[-1].lookup is not None
    assert mapping.fields[-1].lookup.field == "code"


def test_a_field_that_any_number_of_records_may_share_finds_none(config: Path) -> None:
    """Business Central's dimension codes."""
    memory.store("init").define(code_of_accounts(unique=False))
    memory.store("init").define(refer("Contacts", LookupTarget(entity="Accounts", field="code")))
    assert init("crm").exit_code == 0
    _, mapping = load_integration(config / "crm.yaml").entities
    assert mapping.fields[-1].external == "account_code"
    assert mapping.fields[-1].lookup is None


def test_which_entity_a_lookup_of_several_means_is_left_to_a_person(config: Path) -> None:
    """Dataverse's notes belong to any record."""
    memory.store("init").define(entity("Accounts"))
    targets = (LookupTarget(entity="Accounts"), LookupTarget(entity="Contacts"))
    memory.store("init").define(refer("Notes", *targets))
    assert init("crm").exit_code == 0
    file = config / "crm.yaml"
    _, notes = load_integration(file).entities
    assert [line.external for line in notes.fields] == ["id"]
    assert (
        "# - {external: account_code, local: account_code}  "
        "# refers to any of Accounts, Contacts; a lookup has one target" in file.read_text()
    )


def test_a_name_with_control_characters_is_refused(config: Path) -> None:
    memory.store("init").define(entity("Accounts", "a\x1b\nb"))
    result = init("crm")
    assert result.exit_code == 2
    assert "control character" in " ".join(result.stderr.split())
    assert not config.exists()


@pytest.mark.parametrize("name", ["../evil", "a/b", "Crm", "", "x" * 101, "a\nb", "[/x]"])
def test_a_name_that_is_none_is_refused_before_anything(config: Path, name: str) -> None:
    result = init(name)
    assert result.exit_code == 2
    assert "cannot be the name" in " ".join(result.stderr.split())
    assert not config.exists()


def test_a_draft_that_nobody_could_load_is_not_written(config: Path) -> None:
    memory.store("init").define(entity("Accounts", "Name", "name"))
    result = init("crm")
    assert result.exit_code == 2
    assert "mapped more than once" in " ".join(result.stderr.split())
    assert not config.exists() or not list(config.iterdir())


def test_nothing_is_left_behind_where_nothing_can_be_written(config: Path) -> None:
    memory.store("init").define(entity("Accounts"))
    config.touch()
    result = init("crm")
    assert result.exit_code == 2
    assert "cannot be written" in " ".join(result.stderr.split())
    assert config.read_text() == ""


def test_a_system_without_entities_is_told(config: Path) -> None:
    memory.store("init")
    result = init("crm")
    assert result.exit_code == 2
    assert "no entity with a key" in " ".join(result.stderr.split())


def polymorphic(name: str, *targets: str) -> Entity:
    """An entity with a customer, which is a record of one of these entities."""
    whole = tuple(LookupTarget(entity=target, field="id") for target in targets)
    customer = Field(name="customer", kind=Kind.GUID, lookup=whole, read_only=True)
    parts = (
        Field(name=f"customer_{target}", kind=Kind.GUID, lookup=(lookup,), part_of="customer")
        for target, lookup in zip(targets, whole, strict=True)
    )
    made = entity(name)
    return made.model_copy(update={"fields": (*made.fields, customer, *parts)})


@pytest.mark.parametrize(
    ("drafted", "lines"),
    [
        (
            ("accounts", "contacts"),
            {"customer_accounts": "accounts", "customer_contacts": "contacts"},
        ),
        (("accounts",), {"customer_accounts": "accounts"}),
        ((), {"customer": None}),
    ],
)
def test_the_parts_of_a_lookup_lead_to_what_is_drafted_too(
    config: Path, drafted: tuple[str, ...], lines: dict[str, str | None]
) -> None:
    memory.store("init").define(polymorphic("orders", "accounts", "contacts"))
    for name in ("accounts", "contacts"):
        memory.store("init").define(entity(name))
    chosen = [argument for name in ("orders", *drafted) for argument in ("--entity", name)]
    assert init("crm", *chosen).exit_code == 0
    orders = load_integration(config / "crm.yaml").entities[0]
    found = {f.external: f.lookup and f.lookup.entity for f in orders.fields}
    assert found == {"id": None, **lines}


def test_delta_links_go_before_a_version_number(config: Path) -> None:
    made = entity("accounts")
    version = Field(name="rowversion", kind=Kind.INT64)
    able = made.capabilities.model_copy(update={"version_fields": ("rowversion",)})
    update = {"fields": (*made.fields, version), "capabilities": able}
    memory.store("init").define(made.model_copy(update=update))
    assert init("crm").exit_code == 0
    assert load_integration(config / "crm.yaml").entities[0].version_number == "rowversion"
    memory.forget("init")
    update["capabilities"] = able.model_copy(update={"delta": True})
    memory.store("init").define(made.model_copy(update=update))
    assert init("tracked").exit_code == 0
    assert load_integration(config / "tracked.yaml").entities[0].version_number is None
