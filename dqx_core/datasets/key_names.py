"""What the name of a column says about the table it refers to: `cust_id`, `CustomerKey` and customers.id are one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Words = tuple[str, ...]

_ABBREVIATIONS = {
    "acc": "account", "acct": "account", "addr": "address", "amt": "amount", "bal": "balance", "bldg": "building",
    "brnch": "branch", "cat": "category", "cntry": "country", "ctry": "country", "cur": "currency",
    "curr": "currency", "cust": "customer", "dept": "department", "desc": "description", "descr": "description",
    "div": "division", "dt": "date", "emp": "employee", "inv": "invoice", "loc": "location", "mgr": "manager",
    "mnth": "month", "mth": "month", "nm": "name", "ord": "order", "org": "organization", "prod": "product",
    "prd": "product", "qty": "quantity", "reg": "region", "seq": "sequence", "str": "store", "sup": "supplier",
    "supp": "supplier", "tel": "telephone", "trans": "transaction", "trx": "transaction", "txn": "transaction",
    "usr": "user", "veh": "vehicle", "vnd": "vendor", "wh": "warehouse", "whs": "warehouse", "wk": "week",
    "yr": "year",
    "cd": "code", "nbr": "number", "no": "number", "nr": "number", "num": "number",
}  # fmt: skip

_ENDINGS = ("key", "code", "id", "datetime", "timestamp", "date", "time", "price")
_WHOLE = frozenset({"candidate", "mandate", "lifetime", "overtime", "sometime", "downtime", "runtime", "realtime"})
"""Words that only look as if they were two."""

_KEY_WORDS = frozenset({"bk", "code", "fk", "guid", "id", "key", "nk", "number", "pk", "ref", "sk", "uuid"})
_CODES = frozenset({"code", "number"})
"""Key words of keys that people type; the others are made by machines and are called one for the other."""

_LAYERS = frozenset(
    {"bridge", "d", "dim", "dwh", "f", "fact", "fct", "hub", "int", "lnk", "map", "mart", "ods", "raw", "ref", "sat"}
    | {"src", "stage", "staging", "stg", "t", "tbl", "v", "vw"}
)
"""What warehouses put before, or behind, the name of a table."""

_DESCRIPTIVE = frozenset(
    {"comment", "description", "email", "label", "message", "name", "note", "phone", "status", "text", "title", "type"}
    | {"url", "flag", "kind", "gender", "street", "first", "last", "address", "district", "latitude", "longitude"}
)
_REACHED = frozenset(
    {"address", "fax", "mail", "mobile", "phone", "post", "postal", "telephone", "zip", "postcode"}
    | {"street", "suite", "house", "apartment"}
)
"""How somebody is reached: postal code and phone number describe, though they are called like keys."""

_PLACES = frozenset({"city", "country", "county", "nation", "province", "region", "state", "suburb", "town"})
"""Where something is: many tables have it, and it is the key of few."""

_COUNTED = frozenset(
    {
        "year",
        "quarter",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "date",
        "time",
        "period",
        "season",
        "term",
        "semester",
    }
    | {
        "line",
        "lap",
        "stop",
        "sequence",
        "version",
        "revision",
        "position",
        "row",
        "round",
        "stint",
        "leg",
        "step",
        "page",
        "index",
    }
    | {"game", "match", "race", "inning", "session", "batch", "lot", "floor", "room", "section", "ordinal", "slot"}
    | {"seat", "chapter", "sequential", "level", "event", "fold", "set", "instance", "part", "item", "inseason"}
)
"""What counts within something else: with its key it is a key."""


@dataclass(frozen=True)
class KeyName:
    """A column's name: what it is a key of, and with which word."""

    entity: Words
    """`billing_customer_id` is of (billing, customer); a plain `id` is of what its table holds."""
    word: str | None
    """The key word: id, code, …; none if there is none."""
    plain: bool
    """The name is a key word alone."""
    prefix: str = ""
    """What most columns of its table begin with, left out here: rev_id of `revision` is a plain id, of `rev`."""
    many: bool = False
    """It is called by a plural, as counts are: `pages` of a category."""

    @property
    def descriptive(self) -> frozenset[str]:
        """The words that say what something is like, or how it is reached, not which one it is; none for a key."""
        found = set(self.entity)
        if self.word is None:
            return frozenset(found & (_DESCRIPTIVE | _REACHED))
        return frozenset(found & _REACHED) if self.word in _CODES else frozenset()

    @property
    def place(self) -> frozenset[str]:
        """The words that say where something is."""
        return frozenset(_PLACES.intersection(self.entity)) if self.word is None or self.word in _CODES else frozenset()

    @property
    def counted(self) -> bool:
        """Whether it is called like a part of a key: a key itself, or what counts within another."""
        return self.word is not None or bool(_COUNTED.intersection(self.entity))


@lru_cache(maxsize=4096)
def words(name: str) -> Words:
    """The words of a name, small, singular and written out."""
    return tuple(part for word in _split(name) for part in _taken_apart(_ABBREVIATIONS.get(word, word)))


def _split(name: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z])ID(?=[a-z]{2})", "_id_", name)
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})", "_", apart)
    return [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]


def _taken_apart(word: str) -> Words:
    """`custkey` is customer and key, `orderdate` order and date; `paid` and `update` are words."""
    for ending in () if word in _WHOLE else _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and (len(stem) > 3 or stem in _ABBREVIATIONS):
            return _singular(_ABBREVIATIONS.get(stem, stem)), ending
    return (_singular(word),)


def _singular(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def stems(tables: Iterable[str]) -> dict[str, Words]:
    """What each table holds, from its name: without layers, and without a word that all the names begin with."""
    names = {table: list(words(table.rsplit(".", 1)[-1])) for table in tables}
    first = Counter(name[0] for name in names.values() if len(name) > 1)
    shared = {word for word, count in first.items() if count == len(names) > 2}
    for table, name in names.items():
        while len(name) > 1 and (name[0] in _LAYERS or name[0] in shared):
            name = name[1:]  # noqa: PLW2901
        while len(name) > 1 and (name[-1] in _LAYERS or name[-1] in {"dimension", "master", "table"}):
            name = name[:-1]  # noqa: PLW2901
        names[table] = name
    return {table: tuple(name) for table, name in names.items()}


def key_names(columns: Collection[str], stem: Words) -> Mapping[str, KeyName]:
    """What the columns of a table are keys of; a word that most of them begin with is left out."""
    all_words = {column: words(column) for column in columns}
    first = Counter(each[0] for each in all_words.values() if len(each) > 1)
    most, count = first.most_common(1)[0] if first else ("", 0)
    short = len(most) <= 2 and count == len(columns) > 1
    prefix = most if (short or (count > 2 and count >= 0.8 * len(columns))) and most not in stem else ""
    return {
        column: _key_name(column, each, stem, prefix if each[0] == prefix and len(each) > 1 else "")
        for column, each in all_words.items()
    }


def _key_name(column: str, name: Words, stem: Words, prefix: str) -> KeyName:
    name = name[1:] if prefix else name
    word = next((each for each in reversed(name) if each in _KEY_WORDS), None)
    behind = 1 + max((n for n, each in enumerate(name) if each in _KEY_WORDS), default=len(name) - 1)
    # What comes behind the key word is the part it plays: team_id_winner is of the winner team.
    entity = tuple(each for each in (*name[behind:], *name[:behind]) if each not in _KEY_WORDS)
    last = _split(column)[-1:]
    many = word is None and any(_singular(each) != each for each in last)
    return KeyName(entity or stem, word, plain=not entity, prefix=prefix, many=many)


def similarity(left: KeyName, right: KeyName, right_stem: Words) -> float:
    """How much the name of a column sounds as if it referred to another, 0 to 1.

    1: both are keys of the same thing, and it is what the other table holds. A word more before it, such as
    billing_customer_id, takes little off; another key word, or a table that holds something else, more.
    """
    if left.plain:
        return 0.0  # an `id` is of its own table
    of_table = alike(left.entity, right_stem)
    of_column = alike(left.entity, right.entity)
    own = alike(right.entity, right_stem)
    if len(right.prefix) > 2 and left.entity[-1:] == (right.prefix,):
        of_table = max(of_table, 1.0 if len(left.entity) == 1 else 0.9)
    if right.plain or own == 1:
        found = of_table
    else:
        found = (0.95 if own >= 0.5 or (own > 0 and of_column == 1) else 0.8) * of_column
        if right.word is not None and own >= 0.5:
            found = max(found, 0.95 * of_table)
        elif right.word is not None and left.word is not None and of_table >= 0.9:
            found = max(found, 0.8 * of_table)  # PersonID, where the key of a person is called otherwise
    if left.word is None or right.word is None:
        return found * (0.9 if left.word is not None or right.word is not None or found == 1 else 0.7)
    return found * (1.0 if (left.word in _CODES) == (right.word in _CODES) else 0.75)


def alike(left: Words, right: Words) -> float:
    """How much of two phrases is the same; the last word is what a phrase is about."""
    if not left or not right:
        return 0.0
    left, right = _written_out(left, right), _written_out(right, left)
    same = [a for a in left if any(_same(a, b) for b in right)]
    if len(same) == len(left) == len(right):
        return 1.0
    about = _same(left[-1], right[-1])
    if about and len(same) == len(right):
        return 0.9  # a role before it: billing customer
    if about and len(same) == len(left):
        return 0.75  # less than the whole: customer for premium customer
    return (0.5 if about else 0.35) * len(same) / max(len(left), len(right))


def _written_out(phrase: Words, other: Words) -> Words:
    """A phrase with the word that is short for all of another written out: `cdemo` is customer demographic."""
    if len(other) < 2:
        return phrase
    for n, word in enumerate(phrase):
        if len(word) > len(other) and _is_of_beginnings(word, other):
            return (*phrase[:n], *other, *phrase[n + 1 :])
    return phrase


def _is_of_beginnings(word: str, phrase: Words) -> bool:
    """Whether a word is made of the beginnings of all words of a phrase, in order."""
    if not phrase:
        return not word
    first = phrase[0]
    return any(
        word[:n] == first[:n] and _is_of_beginnings(word[n:], phrase[1:])
        for n in range(1, min(len(word), len(first)) + 1)
    )


@lru_cache(maxsize=65536)
def _same(one: str, other: str) -> bool:
    """The same word, or one short for the other: `cstmr`, `custom`."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    if len(short) < 3 or len(short) == len(long) or short[0] != long[0]:
        return False
    if long.startswith(short):
        return len(short) >= 4
    consonants = iter(re.sub(r"(?<!^)[aeiou]", "", long))
    return not re.search(r"[aeiou]", short[1:]) and all(letter in consonants for letter in short)
