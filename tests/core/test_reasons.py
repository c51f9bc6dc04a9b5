"""What the reasons of rejected records share."""

import pytest

from tandem.core.reasons import shared_reason

GUID = "9426b96d-4509-82d0-ab72-2ffd46aa991b"


@pytest.mark.parametrize(
    ("reason", "shared"),
    [
        ("field 'name': longer than 20", "field 'name': longer than 20"),
        ("field 'age': 'x' does not fit int64", "field 'age': … does not fit int64"),
        ("field 'n': 'O'Brien's' does not fit int64", "field 'n': … does not fit int64"),
        ("field 'n': '' does not fit date", "field 'n': … does not fit date"),
        (f"{GUID} is used by another", "… is used by another"),
        ("400 Bad Request: no customer C00017", "400 Bad Request: no customer …"),
        ("error 0x80048306: it is read-only", "error 0x80048306: it is read-only"),
        ("field 'parent': waits for Accounts A 1", "field 'parent': waits for Accounts …"),
        (
            "several external records have its primary key 'x'",
            "several external records have its primary key …",
        ),
        (
            "several local records have its primary key: a and b",
            "several local records have its primary key: …",
        ),
        ("written at 2026-01-02T03:04:05Z by 12.500,00", "written at … by …"),
        ('no row "a b" in\nthe table', "no row … in\nthe table"),
        ("it cannot be it's own parent", "it cannot be it's own parent"),
    ],
)
def test_a_reason_without_its_values(reason, shared):
    assert shared_reason(reason) == shared


@pytest.mark.parametrize(
    "text",
    ["'" * 5000, "1" * 5000, "a1" * 5000, "a" * 5000, "a-" * 5000, "field '" * 2000, " 'a" * 5000],
)
def test_no_reason_takes_long(text):
    assert shared_reason(text)
