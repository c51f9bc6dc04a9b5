"""How the records of each side look in the fields in which both meet, and what is sent back."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import json as arrow_json

from tandem.core.fields import BoundField, Sending
from tandem.core.fit import fit
from tandem.core.ids import id_text
from tandem.core.mapping import mapped_values
from tandem.core.merge import Flags, chosen, differs, flags
from tandem.core.uploads import made_values
from tandem.core.values import canonical_text, record_hashes
from tandem.model.schema import Field

Texts = Mapping[str, pa.Array]
"""Field → one text a record: what the values are compared by."""

_MORE: Final = 1_000
_SIDES: Final = ("external", "local")
_NOT_MADE: Final = "(cannot be sent) "
_NOT_HELD: Final = "(does not fit) "


@dataclass(frozen=True, slots=True)
class Image:
    """Records of one side in the terms of the local side."""

    values: dict[str, pa.Array]
    """Field → values; a lookup's are that side's own references."""
    texts: dict[str, pa.Array]
    problems: dict[int, str]
    """Row number → why the record cannot be written to the local side."""
    unsendable: dict[str, dict[int, str]] = attribute(default_factory=dict)
    """By field that is made of local ones: row number → why it cannot be made of this record."""


def external_image(
    fields: Sequence[BoundField], records: pa.RecordBatch, there: Flags | None = None
) -> Image:
    """External records as they would look on the local side. Those that are not `there` are empty,
    and nothing is amiss with that.
    """
    image = Image({}, {}, {})
    for field in fields:
        image.values[field.name], problems = mapped_values(field, records)
        found = {row: why for row, why in problems.items() if there is None or there[row]}
        texts = _text(field, image.values[field.name])
        if found and field.downloads:  # not as if they were empty: nobody would look at the record
            words = pa.array([found.get(row) for row in range(len(texts))], pa.string())
            unfit = pc.binary_join_element_wise(_NOT_HELD, words, "")
            texts = pc.coalesce(texts, unfit)
            image.problems.update({**found, **image.problems})
        image.texts[field.name] = texts
    return image


def local_image(fields: Sequence[BoundField], records: pa.RecordBatch) -> Image:
    """Local records as they are, and what is made of them to be sent."""
    image = Image({}, {}, {})
    for one in fields:
        if one.made is not None:
            _make(one, one.made, records, image)
            continue
        if one.local is not None:
            image.values[one.name] = records.column(one.local.name)
        else:
            constants = pa.repeat(one.mapping.constant, records.num_rows)
            image.values[one.name] = fit(constants, one.target).values
        image.texts[one.name] = _text(one, image.values[one.name])
    return image


def _make(one: BoundField, how: Sending, records: pa.RecordBatch, image: Image) -> None:
    columns = {name: records.column(name) for name in how.reads}
    made = made_values(how, columns, one.functions, required=False)
    texts = canonical_text(made.values)
    if made.problems:  # a text that changes with its cause: else nobody would look at the record
        causes = pc.binary_join_element_wise(
            *(id_text(column) for column in columns.values()),
            " ",
            null_handling="replace",
            null_replacement="",
        )
        bad = np.zeros(records.num_rows, np.bool_)
        bad[list(made.problems)] = True
        texts = chosen((bad, pc.binary_join_element_wise(_NOT_MADE, causes, "")), otherwise=texts)
        image.unsendable[one.name] = made.problems
    image.values[one.name], image.texts[one.name] = made.values, texts


def image_hashes(fields: Sequence[BoundField], texts: Texts) -> pa.Array:
    """One hash a record; the same texts in other fields are another record."""
    seed = ";".join(
        f"{field.name}:{field.target.kind}:{field.downloads:d}{field.uploads:d}" for field in fields
    )
    return record_hashes([texts[field.name] for field in fields], seed=seed)


def bases(
    fields: Sequence[BoundField], external: Texts, local: Texts, inside: pa.Array | None = None
) -> pa.Array:
    """What both sides agreed on, one JSON text a record.

    `{"external": {field: text}, "local": {field: text}}`; without `local` where it is the same.
    `inside` says in words which of both records are in their side's filter, and comes last.
    """
    names = [field.name for field in fields]
    ours, theirs = _objects(names, local), _objects(names, external)
    both = pc.binary_join_element_wise('{"external":', theirs, ',"local":', ours, "")
    one = pc.binary_join_element_wise('{"external":', theirs, "")
    images = pc.if_else(pc.equal(ours, theirs), one, both)
    if inside is None or inside.null_count == len(inside):
        return pc.binary_join_element_wise(images, "}", "")
    marks = pc.fill_null(pc.binary_join_element_wise(',"inside":"', inside, '"', ""), "")
    return pc.binary_join_element_wise(images, marks, "}", "")


def once_agreed(fields: Sequence[BoundField], images: tuple[Texts, Texts]) -> tuple[Texts, Texts]:
    """These bases without values that were never agreed on: where they differ, the field did not
    travel both ways then. A lookup's are each side's own references; what is made of local fields
    never comes back, so that the external side may have made something else of it.
    """
    external, local = dict(images[0]), dict(images[1])
    for name in (field.name for field in fields if not (field.reference or field.made)):
        apart = differs(external[name], local[name])
        if apart.any():
            nothing = pa.nulls(len(apart), pa.string())
            external[name] = chosen((apart, nothing), otherwise=external[name])
            local[name] = chosen((apart, nothing), otherwise=local[name])
    return external, local


def made_now(fields: Sequence[BoundField], external: Texts) -> tuple[Texts, pa.Array]:
    """These external images with what the mapping makes now of values that it once left as they
    were, and which records that changes. Nobody has edited those.
    """
    images = dict(external)
    changed = np.zeros(len(next(iter(external.values()), ())), np.bool_)
    for field in fields:
        if field.external is not None and not field.also_reads:
            before = images[field.name]
            images[field.name] = _made_of(field, field.external, before)
            changed |= differs(before, images[field.name])
    return images, pa.array(changed)


def _made_of(field: BoundField, external: Field, texts: pa.Array) -> pa.Array:
    """What becomes of these texts; those of moments, which are written otherwise in an image than
    in a field, and what cannot be read stay as they are.
    """
    read = fit(texts, external, required=False)
    rows = pa.array([row not in read.problems for row in range(len(texts))], pa.bool_())
    if pa.types.is_temporal(read.values.type):
        rows = texts.is_null()
    values = pc.if_else(rows, read.values, pa.scalar(None, read.values.type))
    image = external_image([field], pa.RecordBatch.from_pydict({external.name: values}))
    good = flags(rows)
    good[list(image.problems)] = False
    return chosen((good, image.texts[field.name]), otherwise=texts)


def was_inside(texts: pa.Array, side: str) -> pa.Array:
    """For each base whether that side's record was in its filter then."""
    return pc.fill_null(pc.match_substring(inside_of(texts), side), fill_value=False)


def inside_of(texts: pa.Array) -> pa.Array:
    """In words, for each base, which of both records were in their side's filter; null: unknown."""
    found = pc.extract_regex(texts, r',"inside":"(?P<inside>[a-z ]*)"\}$')
    return pc.struct_field(found, "inside")


def images_of(fields: Sequence[BoundField], texts: pa.Array) -> tuple[Texts, Texts]:
    """The external and the local image that these bases say; nulls for a null."""
    names = [field.name for field in fields]
    if not len(texts):
        return ({name: pa.array([], pa.string()) for name in names},) * 2
    # One line a record; a base has no line end in it, for JSON escapes that.
    lines = "\n".join(pc.fill_null(texts, "{}").to_pylist()).encode()
    record = pa.struct([(name, pa.string()) for name in names])
    table = arrow_json.read_json(
        pa.BufferReader(lines),
        read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(lines) + _MORE),
        parse_options=arrow_json.ParseOptions(
            explicit_schema=pa.schema([(side, record) for side in _SIDES]),
            unexpected_field_behavior="ignore",
        ),
    ).combine_chunks()
    external, local = (table[side].combine_chunks() for side in _SIDES)
    chosen = pc.if_else(local.is_valid(), local, external)
    return _fields_of(external, names), _fields_of(chosen, names)


def _fields_of(records: pa.StructArray, names: Sequence[str]) -> Texts:
    return {name: pc.struct_field(records, [n]) for n, name in enumerate(names)}


def _objects(names: Sequence[str], texts: Texts) -> pa.Array:
    parts = [
        pc.binary_join_element_wise(json.dumps(name) + ":", _quoted(texts[name]), "")
        for name in names
    ]
    return pc.binary_join_element_wise("{", pc.binary_join_element_wise(*parts, ","), "}", "")


def _quoted(texts: pa.Array) -> pa.Array:
    """Texts as JSON strings, nulls as null."""
    special = pc.match_substring_regex(texts, r'[\x00-\x1f"\\]')
    plain = pc.binary_join_element_wise('"', texts, '"', "")
    if pc.any(special).as_py():
        escaped = [
            json.dumps(text, ensure_ascii=False) for text in texts.filter(special).to_pylist()
        ]
        plain = pc.replace_with_mask(
            plain, pc.fill_null(special, False), pa.array(escaped, pa.string())
        )
    return pc.fill_null(plain, "null")


def _text(field: BoundField, values: pa.Array) -> pa.Array:
    return (id_text if field.reference else canonical_text)(values)
