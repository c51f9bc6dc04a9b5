"""Edits of YAML texts: what changes, and that nothing else does."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tandem.model.edits import Edit, edited_value
from tandem.yaml_edit import Insertion, Removal, Replacement, UnsafeEdit, edited, removed
from tandem.yaml_edit.lines import Lines
from tandem.yaml_edit.spots import spot_at
from tandem.yaml_edit.tree import Tree
from tandem.yaml_source import YamlSource

FILE = """\
# yaml-language-server: $schema=../integration.schema.json
name: crm        # as the file
entities:

  # Who we sell to.
  - external: Accounts
    'local': "account"   # in quotes
    primary_key: [No, "Name"]
    version_number: rowVersion
    fields:
      # Keys.
      - {external: No, local: number}   # ours
      - {external: Name, local: name}
      # Addresses.
      - {external: Street, local: street}
      # Twice the size.
      - external: City
        local: city   # short
        # and nothing else
      # - {external: fax, local: fax}

  # What they bought.
  - external: Orders
    local: order
    fields:
    - {external: ID, local: id}
"""
NORTHWIND = (Path(__file__).parent.parent / "config" / "integrations" / "northwind.yaml").read_text(
    encoding="utf-8"
)
FIELDS = ("entities", 0, "fields")


def after(old: str, new: str = "", *, text: str = FILE) -> str:
    """The text with this one change."""
    assert text.count(old) == 1
    return text.replace(old, new)


def check(text: str, *edits: Edit) -> str:
    """The edited text; its value is the edited value."""
    new = edited(text, edits)
    wanted = edited_value(YamlSource(text.removeprefix("\ufeff")).value, edits)
    assert YamlSource(new.removeprefix("\ufeff")).value == wanted
    return new


def test_a_removed_line_takes_its_comment_along_and_nothing_else() -> None:
    line = "      - {external: No, local: number}   # ours\n"
    assert check(FILE, Removal((*FIELDS, 0))) == after(line)


def test_a_comment_above_one_item_goes_with_it() -> None:
    gone = "      # Addresses.\n      - {external: Street, local: street}\n"
    assert check(FILE, Removal((*FIELDS, 2))) == after(gone)


def test_a_comment_above_a_group_goes_with_the_last_of_it() -> None:
    gone = FILE[FILE.index("      # Keys.") : FILE.index("      # Addresses.")]
    assert check(FILE, Removal((*FIELDS, 1)), Removal((*FIELDS, 0))) == after(gone)


@pytest.mark.parametrize(
    "comment", ["# - {external: old, local: old}", "# TODO(eva): the VAT number", "#   local: c"]
)
def test_what_is_switched_off_or_to_be_done_is_no_heading(comment: str) -> None:
    text = f"f:\n  - a\n  # About b.\n  {comment}\n  - b\n"
    assert check(text, Removal(("f", 1))) == text.removesuffix("  - b\n")


def test_deeper_comments_go_with_an_item_and_those_in_its_column_stay() -> None:
    gone = FILE[FILE.index("      # Twice") : FILE.index("      # - {external: fax")]
    assert check(FILE, Removal((*FIELDS, 3))) == after(gone)


def test_an_entity_goes_with_all_its_lines_and_one_empty_line() -> None:
    gone = FILE[FILE.index("  # Who we") : FILE.index("  # What they")]
    assert check(FILE, Removal(("entities", 0))) == after(gone)
    gone = FILE[FILE.index("\n  # What they") :]
    assert check(FILE, Removal(("entities", 1))) == after(gone)


def test_an_item_of_brackets_goes_with_its_comma() -> None:
    key = ("entities", 0, "primary_key")
    assert check(FILE, Removal((*key, 0))) == after('[No, "Name"]', '["Name"]')
    assert check(FILE, Removal((*key, 1))) == after(', "Name"')
    assert check(FILE, Removal((*key, 1)), Removal((*key, 0))) == after('No, "Name"', "")


def test_a_key_goes_with_its_line() -> None:
    gone = "    version_number: rowVersion\n"
    assert check(FILE, Removal(("entities", 0, "version_number"))) == after(gone)


def test_the_last_item_leaves_an_empty_list() -> None:
    new = after("    fields:\n    - {external: ID, local: id}\n", "    fields: []\n")
    assert check(FILE, Removal(("entities", 1, "fields", 0))) == new


def test_the_first_key_behind_a_dash_makes_room_for_the_next() -> None:
    new = after("- external: Orders\n    local: order", "- local: order")
    assert check(FILE, Removal(("entities", 1, "external"))) == new


def test_a_new_line_looks_like_its_neighbours() -> None:
    new = {"external": "Post code", "local": "No"}
    added = '      - {external: Post code, local: "No"}\n'
    at = "      # Addresses.\n"
    assert check(FILE, Insertion(FIELDS, 2, new)) == after(at, added + at)
    at = "      # Keys.\n"
    assert check(FILE, Insertion(FIELDS, 0, new)) == after(at, added + at)
    below = '    - {external: Post code, local: "No"}\n'
    assert check(FILE, Insertion(("entities", 1, "fields"), 1, new)) == FILE + below


def test_a_new_item_in_block_style_among_such() -> None:
    new = {"external": "Country", "local": "country"}
    at = "      # - {external: fax"
    added = "      - external: Country\n        local: country\n"
    assert check(FILE, Insertion(FIELDS, 4, new)) == after(at, added + at)


def test_a_new_entity_is_laid_out_like_the_others() -> None:
    entity = {
        "external": "Items",
        "local": "item",
        "primary_key": ["No"],
        "download_filter": {
            "and": [{"field": "price", "operator": "ge", "value": Decimal("1.50")}]
        },
        "fields": [{"external": "No", "local": "number"}],
    }
    assert (
        check(FILE, Insertion(("entities",), 2, entity))
        == FILE
        + """
  - external: Items
    local: item
    primary_key: ["No"]
    download_filter:
      and:
        - {field: price, operator: ge, value: 1.50}
    fields:
      - {external: "No", local: number}
"""
    )


def test_a_new_key_comes_last() -> None:
    new = check(FILE, Insertion(("entities", 1), "enabled", False))
    assert new == FILE + "    enabled: false\n"
    new = check(FILE, Insertion((*FIELDS, 0), "transform", ["trim"]))
    assert new == after("local: number}", "local: number, transform: [trim]}")


def test_a_replaced_text_keeps_its_quotes_and_its_comment() -> None:
    new = check(FILE, Replacement(("entities", 0, "local"), "No"))
    assert new == after('"account"', '"No"')
    assert check(FILE, Replacement(("name",), "007")) == after("name: crm ", 'name: "007" ')
    new = check(FILE, Replacement(("entities", 0, "version_number"), None))
    assert new == after("rowVersion", "null")


def test_of_a_replaced_entity_the_lines_that_are_the_same_stay() -> None:
    entity = YamlSource(FILE).value["entities"][0]
    number, _, street, city = entity["fields"]
    changed = [number, {**street, "local": "road"}, {"external": "Zip", "local": "zip"}, city]
    new = check(FILE, Replacement(("entities", 0), {**entity, "fields": changed}))
    gone = "      - {external: Name, local: name}\n"
    text = after(gone).replace("local: street}", "local: road}")
    at = "      # Twice"
    assert new == after(at, f"      - {{external: Zip, local: zip}}\n{at}", text=text)


def test_a_filter_becomes_a_list_of_conditions() -> None:
    condition = {"field": "city", "operator": "eq", "value": "Brno"}
    text = "a:\n  filter: null   # none\n  b: 1\n"
    new = check(text, Replacement(("a", "filter"), {"and": [condition]}))
    assert new == (
        "a:\n  filter:   # none\n    and:\n"
        "      - {field: city, operator: eq, value: Brno}\n  b: 1\n"
    )
    assert check(new, Replacement(("a", "filter"), None)) == "a:\n  filter: null   # none\n  b: 1\n"


@pytest.mark.parametrize(
    ("text", "edit", "wanted"),
    [
        ("[a, b, c]", Removal((1,)), "[a, c]"),
        ("[a, b,]", Removal((1,)), "[a,]"),
        ("[a,\n  b]", Removal((0,)), "[\n  b]"),
        ("[a, # x\n  b]", Removal((1,)), "[a, # x\n  ]"),
        ("x: [\n  a, # a\n  b, # b\n]\n", Removal(("x", 1)), "x: [\n  a, # a\n]\n"),
        ("x: [\n  a, # a\n  b  # b\n]\n", Removal(("x", 0)), "x: [\n  b  # b\n]\n"),
        ("x: [\n  a, # a\n]\n", Insertion(("x",), 1, "b"), "x: [\n  a, # a\n  b,\n]\n"),
        ("x: [\n  a # a\n]\n", Insertion(("x",), 1, "b"), "x: [\n  a, # a\n  b\n]\n"),
        ("x: [\n  a # a\n]\n", Insertion(("x",), 0, "b"), "x: [\n  b,\n  a # a\n]\n"),
        ("x: [\n  a,\n  # b\n  b,\n  # c\n  c]\n", Removal(("x", 1)), "x: [\n  a,\n  # c\n  c]\n"),
        ("x: [\n  a,\n  # c\n  c # c\n]\n", Removal(("x", 1)), "x: [\n  a,\n]\n"),
        ("x: [\n  # a, b\n  a,\n  b\n]\n", Removal(("x", 0)), "x: [\n  # a, b\n  b\n]\n"),
        ("x: [a,  # a\n    b]  # b\n", Removal(("x", 0)), "x: [\n    b]  # b\n"),
        ("x: [\n  # none\n]\n", Insertion(("x",), 0, "b"), "x: [\n  # none\n  b\n]\n"),
        ("x: [  # none\n  ]\n", Insertion(("x",), 0, "b"), "x: [  # none\n    b\n  ]\n"),
        ("[]", Insertion((), 0, "b"), "[b]"),
        ("{a}", Replacement(("a",), 1), "{a: 1}"),
        ("{a: , b}", Replacement(("a",), 1), "{a: 1 , b}"),
        ("a:\nb: 1", Replacement(("a",), "x"), "a: x\nb: 1"),
        ("a: 1\nb: 2", Removal(("b",)), "a: 1\n"),
        ("a: 1", Insertion((), "b", 2), "a: 1\nb: 2"),
        ("a: 1\n...\n", Insertion((), "b", 2), "a: 1\nb: 2\n...\n"),
        ("--- # x\na: 1\n", Removal(("a",)), "--- # x\n{}\n"),
        ("- - a\n  - b\n", Removal((0, 0)), "- - b\n"),
        ("- - a\n", Removal((0, 0)), "- []\n"),
        ("- - a\n", Insertion((0,), 0, "b"), "- - b\n  - a\n"),
        ("- - a\n", Insertion((0,), 1, "b"), "- - a\n  - b\n"),
        ("- a: 1 # one\n  # two\n  b: 2\n", Removal((0, "a")), "-\n  # two\n  b: 2\n"),
        ("a: |\n  x\n\n# c\nb: 1\n", Removal(("a",)), "# c\nb: 1\n"),
        ("a: []\nb: 1\n", Insertion(("a",), 0, "x"), "a: [x]\nb: 1\n"),
        ("a: []\n", Insertion(("a",), 0, {"x": 1}), "a:\n  - {x: 1}\n"),
        ("a:\n  - {x: 1}\n", Replacement(("a",), []), "a: []\n"),
        ("a:\n  - {x: 1}\n", Replacement(("a",), ["b"]), "a:\n  - b\n"),
        ("-   a: 1\n    b: 2\n", Insertion((), 1, {"c": 3}), "-   a: 1\n    b: 2\n-   c: 3\n"),
        ("a: &x [1]\nb: 2\n", Removal(("a",)), "b: 2\n"),
        ("a: &x [1]\nb: *x\n", Removal(("b",)), "a: &x [1]\n"),
        ("1: a\n", Replacement(("1",), "b"), "1: b\n"),
        ("x: {1: a}\n", Insertion(("x",), 2, "b"), "x: {1: a, 2: b}\n"),
        ("- null\n-\n", Replacement((1,), [{}]), "- null\n- - {}\n"),
        ("a:\n-\n  b: 1\n", Replacement(("a", 0), [{}]), "a:\n-\n  - {}\n"),
        ("a: &x [1]\n", Replacement(("a",), 2), "a: 2\n"),
        ("a: 'x'\n", Replacement(("a",), "it's"), "a: 'it''s'\n"),
        ("a: 'x'\n", Replacement(("a",), "1\n2"), 'a: "1\\n2"\n'),
        ("a: 'x'\n", Replacement(("a",), 2), "a: 2\n"),
        ("a: |+\n  x\n\nb: 1\n", Removal(("b",)), "a: |+\n  x\n\n"),
    ],
)  # fmt: skip
def test_every_style_has_its_way(text: str, edit: Edit, wanted: str) -> None:
    assert check(text, edit) == wanted


@pytest.mark.parametrize(
    ("text", "edit", "cause"),
    [
        ("a: &x [1]\nb: *x\n", Removal(("a",)), "used by *x"),
        ("a: &x [1]\nb: *x\n", Removal(("a", 0)), "repeated by *x"),
        ("a: &x [1]\nb: *x\n", Insertion(("b",), 0, 2), "repeated by *x"),
        ("a: &x [1]\nb: *x\n", Removal(("b", 0)), "repeated by *x"),
        ("? a\n: 1\n? b\n: 2\n", Removal(("b",)), "unusual"),
        ("a: 1\n", Removal(("b",)), "there is no 'b'"),
        ("a: 1\n", Removal(()), "cannot be removed"),
        ("a: 1\n", Insertion((), "a", 1), "nothing can be added"),
        ("a: 1\n", Insertion(("a",), 0, 1), "nothing can be added"),
        ("a: [1\n", Removal(("a",)), "not YAML"),
    ],
)  # fmt: skip
def test_what_could_do_harm_is_refused(text: str, edit: Edit, cause: str) -> None:
    with pytest.raises(UnsafeEdit) as caught:
        edited(text, [edit])
    assert cause in caught.value.problem
    assert caught.value.remedy.startswith("Do it by hand: ")


def test_a_refusal_names_the_line_and_what_to_do() -> None:
    with pytest.raises(UnsafeEdit) as caught:
        edited("x: 1\na: &x [1]\nb: *x\n", [Removal(("a",))])
    assert caught.value.problem.startswith("Line 2 ")
    assert caught.value.remedy == "Do it by hand: remove a."


def test_a_refusal_names_the_line_of_the_file_as_it_is() -> None:
    text = "a: 1\nb: [1]\nc: &x [1]\nd: *x\n"
    long = Replacement(("a",), [{"a": 1}, {"b": 2}])
    with pytest.raises(UnsafeEdit) as caught:
        edited(text, [Insertion(("b",), 1, "z"), long, Removal(("c",))])
    assert caught.value.line == 3


def test_a_position_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnsafeEdit) as caught:
        edited("a: 1\nb: [1]\n", [Removal(("b", 5))])
    assert caught.value.line == 2


def test_what_cannot_be_removed_stays_and_is_told() -> None:
    text = "a: [x, y, z]\nb:\n  - p  # p\n  - &q q\n  - r\n  - s\nc: *q\n"
    found = removed(text, [("a", 0), ("b", 0), ("b", 1), ("b", 2), ("b", 3), ("a", 1)])
    assert found.text == "a: [z]\nb:\n  - &q q\nc: *q\n"
    assert [(error.edit.place, error.line) for error in found.unsafe] == [(("b", 1), 4)]


def test_a_long_file_is_read_once_or_twice_for_many_edits(monkeypatch: pytest.MonkeyPatch) -> None:
    """All but neighbours go at once."""
    read: list[str] = []
    parse = YamlSource.__init__

    def counted(self: YamlSource, text: str) -> None:
        read.append(text)
        parse(self, text)

    lines = "".join(f"      - {{external: f{n}, local: f{n}}}\n" for n in range(40))
    text = "entities:\n" + f"  - external: E\n    fields:\n{lines}" * 10
    gone = [("entities", e, "fields", f) for e in range(9, -1, -1) for f in range(30, -1, -3)]
    wanted = edited_value(YamlSource(text).value, [Removal(place) for place in gone])
    monkeypatch.setattr(YamlSource, "__init__", counted)
    new = edited(text, [Removal(place) for place in gone])
    assert len(read) == 2
    assert new == removed(text, gone).text
    assert YamlSource(new).value == wanted


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    text = "\ufeff" + FILE.replace("\n", "\r\n")
    new = check(text, Insertion(FIELDS, 2, {"external": "a", "local": "b"}), Removal((*FIELDS, 0)))
    assert new.startswith("\ufeff# yaml")
    assert new.count("\n") == new.count("\r\n") == FILE.count("\n")


def test_each_line_of_a_real_file_can_be_removed() -> None:
    for index, entity in enumerate(YamlSource(NORTHWIND).value["entities"]):
        for number in range(len(entity["fields"])):
            new = check(NORTHWIND, Removal(("entities", index, "fields", number)))
            gone = changed_lines(NORTHWIND, new)
            assert len(gone) == (3 if "values" in entity["fields"][number] else 1)
            assert entity["fields"][number]["external"] in body(NORTHWIND)[gone[0]]


TEXTS = st.sampled_from(
    ["name", "No", "first name", "a: b", "x, y", "#1", "007", "", "it's", 'a "b"', "ž", "- a", "~"]
)
SCALARS = TEXTS | st.integers(-9, 99) | st.booleans() | st.none() | st.just(Decimal("1.50"))
VALUES = st.recursive(
    SCALARS,
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(TEXTS, parts, max_size=4),
    max_leaves=12,
)
DOCUMENTS = st.dictionaries(TEXTS, VALUES, min_size=1, max_size=4) | st.lists(VALUES, min_size=1)


class Scribe:
    """Writes values as people do: in any style, with comments and empty lines in between."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.comments = 0

    def chance(self, one_in: int) -> bool:
        return bool(self.draw(st.integers(0, one_in - 1)) == one_in - 1)

    def comment(self) -> str:
        self.comments += 1
        return f"# c{self.comments}: - {{[x"

    def behind(self) -> str:
        return f"  {self.comment()}" if self.chance(4) else ""

    def between(self, column: int) -> list[str]:
        lines = []
        while self.chance(4):
            deeper = self.draw(st.sampled_from([0, 0, 0, 2, 3]))
            lines.append("" if self.chance(2) else " " * (column + deeper) + self.comment())
        return lines

    def scalar(self, value: Any, *, within: bool) -> str:
        if isinstance(value, str):
            single = "'" + value.replace("'", "''") + "'"
            double = '"' + value.replace('"', '\\"') + '"'
            form = self.draw(st.sampled_from([value, single, double]))
            safe = within and set(value) & set(",[]{}")
            plain = not safe and value.replace(" ", "").isalnum() and not value[:1].isdigit()
            return form if form != value or plain else double
        return (
            {None: "null", True: "true", False: "false"}.get(value, str(value))
            if (value is None or isinstance(value, bool))
            else str(value)
        )

    def flow(self, value: Any, column: int) -> str:
        if not isinstance(value, list | dict):
            return self.scalar(value, within=True)
        pad = self.draw(st.sampled_from(["", " "]))
        if isinstance(value, list):
            parts, ends = [self.flow(part, column + 1) for part in value], "[]"
        else:
            parts = [
                f"{self.scalar(key, within=True)}: {self.flow(part, column + 1)}"
                for key, part in value.items()
            ]
            ends = "{}"
        final = "," if parts and self.chance(5) else ""
        if parts and self.chance(5):
            line = "\n" + " " * (column + 2)
            body = "".join(f"{line}{part},{self.behind()}" for part in parts)
            return f"{ends[0]}{body}\n{' ' * (column + 1)}{ends[1]}"
        return ends[0] + pad + ", ".join(parts) + final + pad + ends[1]

    def block(self, value: Any, column: int) -> list[str]:
        """The lines of a list or mapping with something in it."""
        lines, indent = [], " " * column
        entries = value.items() if isinstance(value, dict) else ((None, part) for part in value)
        for key, part in entries:
            lines += self.between(column)
            head = "-" if isinstance(value, list) else f"{self.scalar(key, within=False)}:"
            lines += self.item(indent + head, part, column, is_list=isinstance(value, list))
        return lines

    def item(self, head: str, part: Any, column: int, *, is_list: bool) -> list[str]:
        full = isinstance(part, list | dict) and part
        if not full or self.chance(2):
            if isinstance(part, list | dict):
                return (f"{head} {self.flow(part, column)}{self.behind()}").split("\n")
            if part is None and self.chance(2):
                return [head + self.behind()]
            return [f"{head} {self.scalar(part, within=False)}{self.behind()}"]
        if is_list and self.chance(2):
            lines = self.block(part, column + 2)
            first = next(n for n, line in enumerate(lines) if line.strip(" ")[:1] not in ("", "#"))
            return [head + " " + lines[first].lstrip(" "), *lines[first + 1 :]]
        deeper = [2, 4] if is_list or isinstance(part, dict) else [0, 2, 4]
        inner = column + self.draw(st.sampled_from(deeper))
        return [head + self.behind(), *self.block(part, inner)]


@st.composite
def documents(draw: Any) -> str:
    """A document as somebody might have written it."""
    value = draw(DOCUMENTS)
    scribe = Scribe(draw)
    lines = [*(["---"] if scribe.chance(4) else []), *scribe.block(value, 0), *scribe.between(0)]
    text = "\n".join(lines) + ("" if scribe.chance(4) else "\n")
    source = YamlSource(text)
    assert not source.problems, text
    assert source.value == value, text
    text = text.replace("\n", draw(st.sampled_from(["\n", "\n", "\r\n"])))
    return ("\ufeff" if scribe.chance(8) else "") + text


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values but the whole."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, part in parts:
        found.append((*place, key))
        if isinstance(part, dict | list):
            found += places(part, (*place, key))
    return found


def at(value: Any, place: tuple[Any, ...]) -> Any:
    for part in place:
        value = value[part]
    return value


def body(text: str) -> list[str]:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")


def own(text: str, place: tuple[Any, ...]) -> tuple[range, int]:
    """The lines of the item or key at a place, and the line of the key or dash that it is under."""
    text = text.removeprefix("\ufeff")
    lines = Lines(text)
    tree, value = Tree(text), YamlSource(text).value
    item = spot_at(lines, tree, value, place).owner
    holder = spot_at(lines, tree, value, place[:-1]).owner
    assert item
    return (
        range(lines.of(item.start), lines.of(item.end) + 1),
        lines.of(holder.start) if holder else -1,
    )


def changed_lines(old: str, new: str) -> range:
    """From the first to the last line of the old text that differs."""
    before, after = body(old), body(new)
    shorter = min(len(before), len(after))
    head = next((n for n in range(shorter) if before[n] != after[n]), shorter)
    most = shorter - head
    tail = next((n for n in range(most) if before[-1 - n] != after[-1 - n]), most)
    return range(head, len(before) - tail)


@given(st.data())
def test_only_the_removed_item_its_comments_and_empty_lines_go(data: Any) -> None:
    text = data.draw(documents())
    place = data.draw(st.sampled_from(places(YamlSource(text.removeprefix("\ufeff")).value)))
    new = check(text, Removal(place))
    lines, holder = own(text, place)
    allowed = {body(text)[number] for number in (*lines, holder) if number >= 0}
    for number in changed_lines(text, new):
        line = body(text)[number]
        is_still_there = any(kept.endswith(line.strip()) for kept in body(new))  # behind a dash
        assert line.strip()[:1] in ("", "#") or line in allowed or is_still_there


@given(st.data())
def test_an_insertion_leaves_all_lines_but_one(data: Any) -> None:
    text = data.draw(documents())
    value = YamlSource(text.removeprefix("\ufeff")).value
    holders = [(), *(p for p in places(value) if isinstance(at(value, p), dict | list))]
    place = data.draw(st.sampled_from(holders))
    holder = at(value, place)
    where = st.integers(0, len(holder)) if isinstance(holder, list) else st.just("a new key")
    new = check(text, Insertion(place, data.draw(where), data.draw(VALUES)))
    assert len(changed_lines(text, new)) <= 1


@given(st.data())
def test_a_replacement_changes_no_line_of_another_value(data: Any) -> None:
    text = data.draw(documents())
    place = data.draw(st.sampled_from(places(YamlSource(text.removeprefix("\ufeff")).value)))
    new = check(text, Replacement(place, data.draw(VALUES)))
    lines, _ = own(text, place)
    allowed = {body(text)[number] for number in lines}
    assert {body(text)[number] for number in changed_lines(text, new)} <= allowed


@given(st.data())
def test_several_edits_are_made_one_after_the_other(data: Any) -> None:
    text = data.draw(documents())
    edits: list[Edit] = []
    value = YamlSource(text.removeprefix("\ufeff")).value
    while len(edits) < 4 and value:
        place = data.draw(st.sampled_from(places(value)))
        edits.append(data.draw(st.sampled_from([Removal(place), Replacement(place, ["x", 1])])))
        value = edited_value(value, edits[-1:])
    check(text, *edits)


@given(st.data())
def test_places_of_one_text_are_removed_whatever_their_order(data: Any) -> None:
    text = data.draw(documents())
    value = YamlSource(text.removeprefix("\ufeff")).value
    drawn = data.draw(st.lists(st.sampled_from(places(value)), unique=True, max_size=8))
    chosen = [p for p in drawn if not any(p[: len(q)] == q for q in drawn if p != q)]
    new = removed(text, chosen)
    kept = {error.edit.place for error in new.unsafe}
    edits = [Removal(p) for p in _from_the_end(value, chosen) if p not in kept]
    assert YamlSource(new.text.removeprefix("\ufeff")).value == edited_value(value, edits)


def _from_the_end(value: Any, chosen: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [place for place in reversed(places(value)) if place in chosen]
