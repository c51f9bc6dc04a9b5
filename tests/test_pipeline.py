import threading

import pytest

from tandem.pipeline import ahead, in_parallel


def test_items_come_in_their_order():
    assert list(ahead(range(5))) == [0, 1, 2, 3, 4]
    assert list(in_parallel(lambda n: n * n, range(5), workers=2)) == [0, 1, 4, 9, 16]


def test_nothing_comes_of_nothing():
    assert list(ahead([])) == []
    assert list(in_parallel(str, [], workers=2)) == []


def test_one_item_is_made_while_another_is_used():
    made = threading.Event()

    def items():
        yield 1
        made.set()
        yield 2

    stream = ahead(items())
    assert next(stream) == 1
    assert made.wait(timeout=10)
    assert list(stream) == [2]


def test_an_error_comes_where_its_item_would():
    def items():
        yield 1
        raise LookupError

    stream = ahead(items())
    assert next(stream) == 1
    with pytest.raises(LookupError):
        next(stream)


def test_no_more_items_are_taken_than_there_are_workers():
    taken = []

    def items():
        for n in range(10):
            taken.append(n)
            yield n

    results = in_parallel(str, items(), workers=2)
    assert next(results) == "0"
    assert taken == [0, 1, 2]


def test_who_stops_early_leaves_no_thread_behind():
    stream = ahead(iter(range(100)))
    next(stream)
    stream.close()
    assert not [t for t in threading.enumerate() if t.name.startswith("tandem-ahead")]
