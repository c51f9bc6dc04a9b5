"""What is unclear in XML stands in the way of saving, or is refused."""

import pytest
from tests.mapping_files.small_files import notes, ours, problems, xml

from tandem.errors import ConfigurationError
from tandem.mapping_files.reading import carried
from tandem.mapping_files.spellings import OURS
from tandem.model.integration import EntityMapping, FieldMapping, Lookup

UNCLEAR = "<Target>account.gone</Target>"


def test_a_lookup_without_target_is_no_copy_of_the_foreign_key() -> None:
    (entity,) = carried(xml(field=UNCLEAR).encode()).entities
    assert (entity.fields[0].lookup, entity.fields[0].enabled) == (None, False)


def test_a_target_that_two_mappings_could_mean_is_none() -> None:
    one, two, three = (
        xml(field=more).replace(">Ex<", f">{name}<")
        for name, more in (("A", ""), ("B", ""), ("C", "<Target>loc.b</Target>"))
    )
    assert "names no target" in problems(f"<All>{one}{two}{three}</All>")
    assert "names no target" not in problems(f"<All>{one}{three.replace('>loc<', '>c<')}</All>")


@pytest.mark.parametrize("target", ["account.id", "[account].[id]", "[account].id"])
def test_a_target_may_be_mapped_here_already(target: str) -> None:
    line = FieldMapping(external="No", local="id")
    here = (EntityMapping(external="Customers", local="account", fields=(line,)),)
    text = xml(field=f"<Target>{target}</Target>")
    found = carried(text.encode(), here=here)
    assert found.entities[0].fields[0].lookup == Lookup(entity="Customers", field="No")
    assert found.problems == ()


@pytest.mark.parametrize(
    "text",
    [
        xml("<IsEnabled>false</IsEnabled><DownloadFilter>x</DownloadFilter>", UNCLEAR),
        xml(field=f"<IsEnabled>false</IsEnabled>{UNCLEAR}"),
    ],
)
def test_what_is_disabled_stands_in_no_way(text: str) -> None:
    assert problems(text) == ""
    assert "names no target" in notes(text)


@pytest.mark.parametrize(
    "unclear",
    [
        "<IsEnabled>perhaps</IsEnabled>",
        "<SyncDirection>Sideways</SyncDirection>",
        "<DownloadFilter>x</DownloadFilter>",
        "<Conditions><a>1</a></Conditions>",
        "<OptionMapping><a>1</a></OptionMapping>",
    ],
)
def test_what_would_sync_something_else_stands_in_the_way(unclear: str) -> None:
    assert problems(xml(unclear))
    assert "perhaps" not in unclear or problems(xml(field=unclear))


@pytest.mark.parametrize(
    "text",
    [
        xml("<LocalName>other</LocalName>"),
        xml("<LocalEntity>other</LocalEntity>"),
        xml("<AttributesMapping/>" + "<PrimaryKeys>a</PrimaryKeys>" * 2),
        xml(
            "<AttributesMapping><AttributeMapping><ExternalName>c</ExternalName>"
            "<LocalName>d</LocalName></AttributeMapping></AttributesMapping>"
        ),
        xml(field="<ExternalName>z</ExternalName>"),
        xml(field=ours("default", "1") + ours("default", "2")),
    ],
)
def test_an_element_that_is_there_twice_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="is there twice"):
        carried(text.encode())


BEYOND = [
    (ours("lookup", "5"), "", "nothing of Tandem's"),
    ("", ours("lookup", "5"), "nothing of Tandem's"),
    (ours("composite_lookups", "5"), "", "nothing of Tandem's"),
    (ours("fields", "5"), "", "nothing of Tandem's"),
    (ours("enabled", "5"), "", "nothing of Tandem's"),
    ("", ours("entity", "[5]"), "nothing of Tandem's"),
    ("", ours("local_target", "[5]"), "nothing of Tandem's"),
    ("", ours("values", "5"), "entity Ex, field a, values: '5' is not a group of keys"),
    ("", ours("values", "{[1]: 2}"), "no YAML on one line"),
    ("", ours("direction", "{a: 1}"), "entity Ex, field a, direction: .* is not possible here"),
    ("", ours("transform", "[{split: 1}]"), "entity Ex, field a, transform"),
    ("", ours("transform", "trim"), "'trim' is not a list"),
    (ours("overlap", "[]"), "", "entity Ex, overlap"),
    (ours("download_filter", "5"), "", "entity Ex, download_filter"),
    (ours("sweep_every", "0"), "", "is too small"),
]


@pytest.mark.parametrize(("more", "field", "said"), BEYOND)
def test_hostile_elements_of_our_namespace_are_refused(more: str, field: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as caught:
        carried(xml(more, field).encode())
    assert "Input should" not in str(caught.value)


def test_a_policy_that_is_none_is_refused() -> None:
    text = xml().replace("<EntityMapping>", f'<EntityMapping xmlns:t="{OURS}" t:on_conflict="x">')
    with pytest.raises(ConfigurationError, match="on_conflict: 'x' is not possible here"):
        carried(text.encode())
