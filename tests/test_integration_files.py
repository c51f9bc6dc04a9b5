"""Integration files: what is read, and what is said about a broken one."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from tandem.errors import ConfigurationError
from tandem.integration_files import BrokenFile, list_integration_files, load_integration
from tandem.integration_schema import integration_schema
from tandem.model.filters import Comparison
from tandem.yaml_source import YamlSource

CONFIG = Path(__file__).parent.parent / "config"
GOOD = """\
name: crm
external: {connector: odata, connection: crm}
local: {connector: sql, connection: crm_local}
entities:
  - external: Accounts
    local: account
    primary_key: [No]
    download_filter: {field: revenue, operator: ge, value: 12345678901234567.89}
    fields:
      - {external: No, local: number}
      - {external: name, local: name}
"""


def write(folder: Path, text: str, name: str = "crm.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def problems(folder: Path, text: str, name: str = "crm.yaml") -> list[str]:
    """What is said about the file, as "line: text"."""
    with pytest.raises(BrokenFile) as caught:
        load_integration(write(folder, text, name))
    return [f"{problem.line}: {problem.text}" for problem in caught.value.problems]


def test_a_good_file_becomes_an_integration(tmp_path: Path) -> None:
    integration = load_integration(write(tmp_path, GOOD))
    accounts = integration.entity("Accounts")
    assert accounts is not None
    assert accounts.primary_key == ("No",)
    assert accounts.direction == "download_only"


def test_a_decimal_in_a_filter_keeps_every_digit(tmp_path: Path) -> None:
    accounts = load_integration(write(tmp_path, GOOD)).entities[0]
    assert isinstance(accounts.download_filter, Comparison)
    assert accounts.download_filter.value == Decimal("12345678901234567.89")


def test_a_decimal_constant_keeps_every_digit(tmp_path: Path) -> None:
    text = GOOD.replace("{external: name, local: name}", "{local: rate, constant: 0.10}")
    constant = load_integration(write(tmp_path, text)).entities[0].fields[1].constant
    assert (type(constant), str(constant)) == (Decimal, "0.10")


def test_the_committed_integrations_are_good() -> None:
    paths = list_integration_files(CONFIG / "integrations")
    assert paths
    assert [load_integration(path).name for path in paths] == [path.stem for path in paths]


def test_the_committed_schema_is_the_models_own() -> None:
    """Run `make schema` when this fails."""
    assert (CONFIG / "integration.schema.json").read_text(encoding="utf-8") == integration_schema()


def test_the_schema_accepts_what_the_models_accept() -> None:
    schema = json.loads(integration_schema())
    for text in (GOOD, (CONFIG / "integrations/northwind.yaml").read_text(encoding="utf-8")):
        jsonschema.validate(YamlSource(text).value, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**YamlSource(GOOD).value, "nam": 1}, schema)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "transform: [trimm]",
            ", transform, 1: 'trimm' is not possible here; did you mean trim? Else write date, "
            "guid, lower, time, trim or upper",
        ),
        (
            "transform: [truncate]",
            ", transform, 1: transform 'truncate' takes an argument; write {truncate: …}",
        ),
        (
            "transform: [{trim: yes}]",
            ", transform, 1: transform 'trim' takes no argument; write it alone: [trim]",
        ),
        (
            "transform: [{trunkate: 3}]",
            ", transform, 1: unknown key 'trunkate'; did you mean truncate",
        ),
        (
            "transform: [{truncate: 0}]",
            ", transform, 1, truncate: '0' is too small; write 1 or more",
        ),
        (
            "transform: [{truncate: 3, custom: x}]",
            ", transform, 1: a transform has one key; write each as an item of its own, for "
            "example [{split: {separator: ' ', part: 1}}, {truncate: 40}]",
        ),
        (
            "transform: [{date: {zone: Middle Earth}}]",
            ", transform, 1, date, zone: 'Middle Earth' is no time zone; write for example "
            "Europe/Prague",
        ),
        (
            "unmapped: keep",
            ": unmapped is about options; write values: {…}, or remove unmapped",
        ),
        (
            "values: {a: b}, unmapped: default",
            ": unmapped: default needs a default; write default: …",
        ),
    ],
)
def test_a_transform_that_is_written_wrongly_is_explained(
    tmp_path: Path, written: str, expected: str
) -> None:
    text = GOOD.replace(
        "{external: name, local: name}", f"{{external: name, local: name, {written}}}"
    )
    assert problems(tmp_path, text) == [f"11: entity Accounts, field name{expected}"]


def test_transforms_are_written_with_and_without_arguments(tmp_path: Path) -> None:
    line = "{external: name, local: name, transform: [trim, {split: {separator: ' ', part: 2}}]}"
    integration = load_integration(
        write(tmp_path, GOOD.replace("{external: name, local: name}", line))
    )
    trim, split = integration.entities[0].fields[1].transform
    assert (trim, split.name, split.argument.part) == ("trim", "split", 2)


def test_a_local_field_is_filled_by_one_line_and_sent_by_others(tmp_path: Path) -> None:
    both = GOOD.replace(
        "{external: name, local: name}",
        "{external: name, local: name, direction: download_only}\n"
        "      - {external: title, local: name, direction: upload_only}",
    )
    assert len(load_integration(write(tmp_path, both)).entities[0].fields) == 3
    transformed = both.replace(
        "local: name, direction: upload_only", "local: name, transform: [trim]"
    )
    assert "'name' is mapped more than once" in problems(tmp_path, transformed)[0]
    twice = both.replace("direction: upload_only", "direction: download_only")
    assert "'name' is mapped more than once" in problems(tmp_path, twice)[0]


def test_only_one_line_says_what_an_external_field_is_sent(tmp_path: Path) -> None:
    both = GOOD.replace(
        "    local: account\n", "    local: account\n    direction: bidirectional\n"
    )
    text = both.replace(
        "{external: name, local: name}",
        "{external: name, local: name}\n"
        "      - {external: name, local: other, direction: upload_only, transform: [trim]}",
    )
    assert "external field 'name' is sent by several lines" in problems(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "    primary_key",
            "    primry_key",
            "7: entity Accounts: unknown key 'primry_key'; did you mean primary_key",
        ),
        ("    local: account\n", "", "5: entity Accounts: key 'local' is missing; write local: …"),
        ("name: crm\n", "", "1: key 'name' is missing; write name: …"),
        (
            "name: crm\n",
            "name: crn\n",
            "1: name 'crn' is not the file's name; write name: crm, or rename the file to crn.yaml",
        ),
        (
            "{connector: odata, connection: crm}",
            "odata",
            "2: external: 'odata' is not possible here; "
            "write keys: {connector: …, connection: …, pool: …}",
        ),
        (
            "    local: account\n",
            "    local: account\n    direction: both\n",
            "7: entity Accounts, direction: 'both' is not possible here; "
            "write bidirectional, download_only or upload_only",
        ),
        (
            "operator: ge",
            "operator: in",
            "8: entity Accounts, download_filter: operator 'in' takes a list of values",
        ),
        (
            "value: 12345678901234567.89",
            "value: {a: 1}",
            "8: entity Accounts, download_filter, value: a value of this kind is not possible "
            "here; write true or false, a number, a date or a text",
        ),
        (
            "value: 12345678901234567.89",
            "value: no",
            "8: 'no' can be read as a truth value or as a text; write true, false or \"no\"",
        ),
        (
            "{external: name, local: name}",
            "{external: name}",
            "11: entity Accounts, field name: a field mapping has two of external, local and "
            "constant; write for example {external: name, local: name}",
        ),
        (
            "{external: name, local: name}",
            "{external: name, local: number}",
            "5: entity Accounts: local field 'number' is mapped more than once; "
            "remove one or set enabled: false",
        ),
        (
            "{external: name, local: name}",
            "{external: name, local: 12}",
            "11: entity Accounts, field name, local: '12' is not a text; write a text, in quotes",
        ),
        (
            "primary_key: [No]",
            "primary_key: No",
            "7: entity Accounts, primary_key: 'No' is not a list; write it in [ ] or with -",
        ),
        (
            "    local: account\n",
            "    local: account\n    enabled: maybe\n",
            "7: entity Accounts, enabled: 'maybe' is not possible here; write true or false",
        ),
        (
            "    local: account\n",
            "    local: account\n    overlap: ten minutes\n",
            "7: entity Accounts, overlap: 'ten minutes' is no duration; write for example PT10M",
        ),
        (
            "entities:\n",
            "provision: true\nprovision: false\nentities:\n",
            "5: key 'provision' is there twice; remove it, or join it with the one on line 4",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_and_its_remedy(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    assert old in GOOD
    (problem,) = problems(tmp_path, GOOD.replace(old, new))
    assert problem.startswith(expected)


def test_an_unknown_operator_is_answered_with_all_that_there_are(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GOOD.replace("operator: ge", "operator: greater"))
    assert problem.startswith("8: entity Accounts, download_filter, operator: 'greater'")
    assert "begins_with" in problem
    assert "yesterday" in problem


def test_conditions_within_conditions_are_numbered(tmp_path: Path) -> None:
    nested = "{and: [{field: a, operator: today}, {or: [{field: b, operator: eq}]}]}"
    text = GOOD.replace("{field: revenue, operator: ge, value: 12345678901234567.89}", nested)
    assert problems(tmp_path, text) == [
        "8: entity Accounts, download_filter, condition 2, condition 1: "
        "operator 'eq' takes one value",
    ]


def test_a_key_beside_and_is_told_to_move(tmp_path: Path) -> None:
    mixed = "{and: [{field: a, operator: today}], field: b}"
    text = GOOD.replace("{field: revenue, operator: ge, value: 12345678901234567.89}", mixed)
    (problem,) = problems(tmp_path, text)
    assert "key 'field' cannot stand beside the others" in problem


def test_all_problems_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = GOOD.replace("name: crm\n", "nam: crm\n").replace("local: account", "locl: account")
    found = problems(tmp_path, text + "    colour: red\n")
    assert [problem.partition(":")[0] for problem in found] == ["1", "1", "5", "6", "12"]


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "- a\n- b\n", "crm\n"])
def test_a_file_without_an_integration_says_how_to_begin(tmp_path: Path, text: str) -> None:
    (problem,) = problems(tmp_path, text)
    assert "tandem init" in problem


def test_broken_yaml_names_its_line(tmp_path: Path) -> None:
    (problem,) = problems(tmp_path, GOOD + "\tmore: 1\n")
    assert problem.startswith("12: this is not YAML")


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "crm.yaml"
    path.write_bytes(GOOD.encode() + "# Jürgen\n".encode("latin-1"))
    with pytest.raises(BrokenFile, match=r"crm\.yaml:12: this is not UTF-8"):
        load_integration(path)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "crm.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_integration(path).name == "crm"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrokenFile, match=r"crm\.yaml:1: the file cannot be read: No such file"):
        load_integration(tmp_path / "crm.yaml")


def test_yml_files_are_found_and_told_their_name(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD, "crm.yml")
    write(tmp_path, "other", "airflow.cfg")
    assert list_integration_files(tmp_path) == [path]
    with pytest.raises(BrokenFile, match=r"rename it to crm\.yaml"):
        load_integration(path)


def test_a_folder_that_is_not_there_names_its_variable(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="TANDEM_CONFIG"):
        list_integration_files(tmp_path / "nowhere")


def test_the_message_of_a_broken_file_has_one_line_a_problem(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD.replace("    local: account", "    locl: account"))
    with pytest.raises(BrokenFile) as caught:
        load_integration(path)
    lines = str(caught.value).split("\n")
    assert len(lines) == 2
    assert all(line.startswith(f"{path}:") for line in lines)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("connector: odata", "connector: odata, {}: 1"),
        ("external: No,", "external: No, direction: {},"),
        ("entities:", "provision: {}\nentities:"),
        ("name: crm\n", "name: {}\n"),
    ],
)
def test_long_values_are_shown_shortened(tmp_path: Path, old: str, new: str) -> None:
    found = "".join(problems(tmp_path, GOOD.replace(old, new.format("x" * 500), 1)))
    assert "x" * 60 in found
    assert "x" * 61 not in found


def test_a_name_with_control_characters_is_refused(tmp_path: Path) -> None:
    (found,) = problems(tmp_path, GOOD.replace("local: account", 'local: "a\\eb"'))
    assert found.startswith("6: ")
    assert "control character" in found
