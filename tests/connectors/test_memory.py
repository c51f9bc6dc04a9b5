"""The memory connector, beyond what every connector does."""

from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from tandem.conformance.subject import NOW, batch_of
from tandem.connectors import memory
from tandem.connectors.base import ETAG, ROW, Query, Written
from tandem.connectors.memory import MemoryConnector
from tandem.connectors.registry import open_connector
from tandem.errors import AnchorExpired, Unreachable
from tandem.model.connection import Connection
from tandem.model.schema import Capabilities, Deletes, Entity, Field, Kind

ACCOUNT = Entity(
    name="account",
    key=("id",),
    fields=(
        Field(name="id", kind=Kind.INT64, nullable=False),
        Field(name="name", kind=Kind.STRING),
        Field(name="modifiedAt", kind=Kind.INSTANT),
        Field(name="version", kind=Kind.INT64),
    ),
)
HERE = Connection(id="here", conn_type="memory", extra={"store": "accounts"})


@pytest.fixture
def accounts() -> Iterator[memory.Store]:
    store = memory.store("accounts")
    store.define(ACCOUNT)
    yield store
    memory.forget("accounts")


@pytest.fixture
def server(accounts: memory.Store) -> memory.Store:
    """The store as a system with keys, etags and tokens of its own."""
    accounts.define(
        ACCOUNT.model_copy(
            update={
                "capabilities": Capabilities(
                    delta=True,
                    deletes=Deletes.NATIVE,
                    creates=True,
                    updates=True,
                    removes=True,
                    optimistic_concurrency=True,
                )
            }
        )
    )
    return accounts


def test_connectors_of_one_store_see_the_same_records(accounts: memory.Store) -> None:
    one, other = open_connector("memory", HERE), MemoryConnector(HERE)
    accounts.put("account", [{"id": 1, "name": "Ada"}])
    query = Query(ACCOUNT, ("name",), NOW)
    assert [p.records.to_pylist() for p in one.read(query)] == [[{"name": "Ada"}]]
    other.create(ACCOUNT, batch_of(ACCOUNT, [{"id": 2, "name": "Bob"}]))
    assert one.count(query) == 2
    bob = {"id": 2, "name": "Bob", "modifiedAt": None, "version": None}
    assert accounts.records["account"][(2,)] == bob


def test_record_with_etags_is_written_only_as_it_was_seen(server: memory.Store) -> None:
    one = MemoryConnector(HERE)
    server.put("account", [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}])
    (page,) = one.read(Query(server.entities["account"], ("id", "name"), NOW))
    seen = page.records.select([ETAG])
    server.edit("account", 2, name="Barbara")
    changes = batch_of(ACCOUNT, [{"id": 1, "name": "A"}, {"id": 2, "name": "B"}])
    written = one.update(ACCOUNT, changes, seen=seen)
    assert written.changed == (1,)
    assert written.records is not None
    (told,) = written.records.to_pylist()
    assert (told["id"], told["name"]) == (1, "A")
    assert told[ETAG] != seen.column(ETAG)[0].as_py()
    again = pa.RecordBatch.from_pydict({ETAG: [told[ETAG]]})
    assert one.delete(ACCOUNT, batch_of(ACCOUNT, [{"id": 1}]), seen=again) == Written()
    assert list(server.records["account"]) == [(2,)]


def test_system_with_habits_keeps_what_it_makes_of_a_record(server: memory.Store) -> None:
    habits = memory.Habits(
        version="version",
        modified="modifiedAt",
        normalise=lambda record: {"name": (record["name"] or "").strip()},
    )
    server.define(server.entities["account"], habits)
    written = MemoryConnector(HERE).create(ACCOUNT, batch_of(ACCOUNT, [{"name": " Ada "}]))
    assert written.records is not None
    (told,) = written.records.to_pylist()
    assert (told[ROW], told["name"]) == (0, "Ada")
    made = server.records["account"][(told["id"],)]
    server.put("account", [{"id": 70, "name": "Bob"}])
    server.edit("account", 70, name="Barbara ")
    bob = server.records["account"][(70,)]
    assert bob["name"] == "Barbara"
    assert bob["version"] > made["version"]
    assert bob["modifiedAt"] > made["modifiedAt"]


def test_keys_that_the_system_chooses_are_not_ours(server: memory.Store) -> None:
    one = MemoryConnector(HERE)
    records = batch_of(ACCOUNT, [{"id": 5, "name": "Ada"}, {"id": 5, "name": "Bob"}])
    written = one.create(ACCOUNT, records)
    assert written.records is not None
    ids = written.records.column("id").to_pylist()
    assert len(set(ids)) == 2
    assert server.records["account"].keys() == {(id_,) for id_ in ids}


def test_changes_tell_what_was_edited_and_removed(server: memory.Store) -> None:
    one, query = MemoryConnector(HERE, page_rows=2), Query(ACCOUNT, ("id",), NOW)
    server.put("account", [{"id": n} for n in range(5)])
    token = list(one.changes(query, None))[-1].token
    server.edit("account", 1, name="Ada")
    server.remove("account", 3)
    server.remove("account", 1)
    server.put("account", [{"id": 3}, {"id": 9}])
    pages = list(one.changes(query, token))
    assert [r["id"] for page in pages for r in page.records.to_pylist()] == [3, 9]
    assert pages[-1].gone == ("1",)
    server.expire_tokens()
    with pytest.raises(AnchorExpired):
        list(one.changes(query, token))
    assert list(one.changes(query, None))[-1].token


def test_call_that_fails_before_anything_happens(accounts: memory.Store) -> None:
    accounts.before = fails_at("create")
    with pytest.raises(Unreachable):
        MemoryConnector(HERE).create(ACCOUNT, batch_of(ACCOUNT, [{"id": 1}]))
    assert accounts.records["account"] == {}


def test_call_whose_answer_is_lost(accounts: memory.Store) -> None:
    accounts.after = fails_at("create")
    with pytest.raises(Unreachable):
        MemoryConnector(HERE).create(ACCOUNT, batch_of(ACCOUNT, [{"id": 1}]))
    assert list(accounts.records["account"]) == [(1,)]


def test_listing_that_breaks_off_raises(accounts: memory.Store) -> None:
    accounts.put("account", [{"id": 1}])
    accounts.after = fails_at("read")
    pages = MemoryConnector(HERE).read(Query(ACCOUNT, ("id",), NOW))
    assert next(pages).records.num_rows == 1
    with pytest.raises(Unreachable):
        next(pages)


def test_write_that_breaks_off_names_what_it_does_not_know(accounts: memory.Store) -> None:
    because = Unreachable("cut off")
    accounts.before = lambda _name: memory.Cut(done=3, because=because, unknown=(2, 3))
    records = batch_of(ACCOUNT, [{"id": n} for n in range(6)])
    written = MemoryConnector(HERE).create(ACCOUNT, records)
    assert written == Written(unsent=(4, 5), unknown=(2, 3), stopped_by=because)
    assert list(accounts.records["account"]) == [(0,), (1,), (2,)]


def fails_at(operation: str) -> Callable[[str], None]:
    """A hook that lets all operations pass but one."""

    def hook(name: str) -> None:
        if name == operation:
            raise Unreachable("no connection")

    return hook


def test_entity_can_do_everything_unless_it_says_otherwise(accounts: memory.Store) -> None:
    able = MemoryConnector(HERE).schema().entity("account").capabilities
    assert able.writes
    assert able.version_fields == ("modifiedAt",)
    accounts.define(ACCOUNT, memory.Habits(version="version"))
    numbered = MemoryConnector(HERE).schema().entity("account").capabilities
    assert numbered.version_fields == ("version", "modifiedAt")
    reading = ACCOUNT.model_copy(update={"capabilities": Capabilities(filter=False)})
    accounts.define(reading)
    assert not MemoryConnector(HERE).schema().entity("account").capabilities.writes


def test_forgotten_store_is_empty(accounts: memory.Store) -> None:
    assert accounts.entities
    memory.forget("accounts")
    assert MemoryConnector(HERE).schema().entities == ()


def limited(**able: bool) -> Entity:
    """The accounts as a system that can do only this."""
    note = Field(name="note", kind=Kind.STRING, nullable=False, immutable=True)
    return Entity(
        name="account",
        key=("id",),
        fields=(*ACCOUNT.fields, note),
        capabilities=Capabilities(client_keys=able.get("creates", False), **able),
    )


def test_what_the_entity_cannot_do_is_refused(accounts: memory.Store) -> None:
    entity = limited(removes=True)
    accounts.define(entity)
    accounts.put("account", [{"id": 1, "note": "a"}])
    connector = MemoryConnector(HERE)
    records = batch_of(entity, [{"id": 1, "note": "a"}])
    assert list(connector.create(entity, records).rejected) == [0]
    assert list(connector.update(entity, records).rejected) == [0]
    assert connector.delete(entity, records.select(["id"])) == Written()


def test_a_new_record_has_what_is_required_and_keeps_what_is_immutable(
    accounts: memory.Store,
) -> None:
    entity = limited(creates=True, updates=True)
    accounts.define(entity)
    connector = MemoryConnector(HERE)
    without = connector.create(entity, batch_of(entity, [{"id": 1, "name": "Ada"}]))
    assert without.rejected == {0: "field 'note': a new record has to have it"}
    assert connector.create(entity, batch_of(entity, [{"id": 1, "note": "a"}])) == Written()
    same = connector.update(entity, batch_of(entity, [{"id": 1, "note": "a", "name": "Ada"}]))
    assert same == Written()
    other = connector.update(entity, batch_of(entity, [{"id": 1, "note": "b", "name": "Eve"}]))
    assert other.rejected == {0: "field 'note': can be given to new records only"}
    assert accounts.records["account"][(1,)]["name"] == "Ada"
