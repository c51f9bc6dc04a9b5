"""Names that stayed the same but for case, separators, and what nearly all of a side begin or end
with: found first, since they are sure and many.
"""

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping, Sequence
from typing import Final

from tandem.core.names.synonyms import KNOWN_WORDS
from tandem.core.names.words import bare_name, plain_name, raw_words

_SEVERAL: Final = 3
"""Names that it takes to see that all of them begin or end alike."""
_NEARLY_ALL: Final = 0.8

Named = Mapping[str, Hashable]
"""Name → what else has to be the same: a field's kind."""


def namesakes(gone: Named, come: Named) -> dict[str, str]:
    """Names that are gone → those that have come and say the same; each where there is one only."""
    found = _matched(_plain(gone), _plain(come))
    news = set(found.values())
    rest = (
        {name: kind for name, kind in gone.items() if name not in found},
        {name: kind for name, kind in come.items() if name not in news},
    )
    if not all(rest):
        return found
    return found | _matched(_without_addition(rest[0]), _without_addition(rest[1]))


_Keys = Mapping[str, Hashable]


def _plain(names: Named) -> _Keys:
    return {name: (plain_name(name), kind) for name, kind in names.items()}


def _without_addition(names: Named) -> _Keys:
    """Without the word that nearly all begin or end with, if that is none of the language's: the
    mark of whoever made them.
    """
    words = {name: raw_words(bare_name(name)) for name in names}
    first = _nearly_always([said[0] for said in words.values() if said])
    last = _nearly_always([said[-1] for said in words.values() if said])
    return {
        name: ("".join(_without(said, first, last)) or name, names[name])
        for name, said in words.items()
    }


def _nearly_always(words: Sequence[str]) -> str:
    if len(words) < _SEVERAL:
        return ""
    ((word, count),) = Counter(words).most_common(1)
    return word if count >= _NEARLY_ALL * len(words) and word not in KNOWN_WORDS else ""


def _without(words: Sequence[str], first: str, last: str) -> Sequence[str]:
    begin = 1 if first and words[0] == first else 0
    end = len(words) - 1 if last and words[-1] == last else len(words)
    return words[begin:end]


def _matched(gone: _Keys, come: _Keys) -> dict[str, str]:
    olds, news = _by_key(gone), _by_key(come)
    return {
        names[0]: news[key][0]
        for key, names in olds.items()
        if len(names) == 1 and len(news.get(key, ())) == 1
    }


def _by_key(keys: _Keys) -> Mapping[Hashable, list[str]]:
    found: dict[Hashable, list[str]] = defaultdict(list)
    for name, key in keys.items():
        found[key].append(name)
    return found
