"""Primary keys as texts that both sides can be compared by."""

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tandem.core.values import canonical_text


def key_texts(fields: Mapping[str, pa.Array], names: Sequence[str]) -> pa.Array:
    """The key of each record as one text; null where a part is null or blank."""
    texts = [canonical_text(fields[name]) for name in names]
    filled = [pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text) for text in texts]
    return pc.binary_join_element_wise(*filled, "\x1f")
