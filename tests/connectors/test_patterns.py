"""Updates in which some fields of some records stay."""

import pyarrow as pa

from tandem.connectors.base import Written
from tandem.connectors.patterns import by_pattern, patterns, rows_written
from tandem.errors import Unreachable

RECORDS = pa.RecordBatch.from_pydict({"id": [1, 2, 3, 4], "a": [10, 20, 30, 40], "b": [5, 6, 7, 8]})
GIVEN = pa.RecordBatch.from_pydict({"a": [True, False, True, None], "b": [True, True, True, False]})


def test_rows_with_the_same_fields_given_come_together() -> None:
    found = {stays: rows.to_pylist() for stays, rows in patterns(GIVEN)}
    assert found == {frozenset(): [0, 2], frozenset("a"): [1], frozenset("ab"): [3]}


def test_each_pattern_is_written_without_the_fields_that_stay() -> None:
    calls = []

    def write(records: pa.RecordBatch, seen: pa.RecordBatch | None) -> Written:
        assert seen is not None
        calls.append((records.to_pylist(), seen.column("a").to_pylist()))
        return Written()

    assert by_pattern(RECORDS, RECORDS.select(["a"]), GIVEN, write) == Written()
    assert calls == [
        ([{"id": 1, "a": 10, "b": 5}, {"id": 3, "a": 30, "b": 7}], [10, 30]),
        ([{"id": 2, "b": 6}], [20]),
        ([{"id": 4}], [40]),
    ]


def test_answers_are_put_together_by_the_numbers_of_the_whole_batch() -> None:
    cut = Unreachable("cut off")

    def write(records: pa.RecordBatch, _seen: pa.RecordBatch | None) -> Written:
        if records.num_rows == 2:
            return Written({0: "why"}, changed=(1,), records=records)
        return Written(missing=(0,)) if "b" in records.schema.names else Written(
            unsent=(0,), stopped_by=cut
        )  # fmt: skip

    written = by_pattern(RECORDS, None, GIVEN, write)
    assert written == Written({0: "why"}, (1,), (2,), (3,), (), cut)
    assert rows_written(written, 5) == [4]


def test_all_fields_are_given_where_nothing_is_said() -> None:
    def write(records: pa.RecordBatch, seen: pa.RecordBatch | None) -> Written:
        assert records is RECORDS
        return Written(missing=(2,))

    assert by_pattern(RECORDS, None, None, write) == Written(missing=(2,))
