"""What the name of a column says about the table it refers to: `cust_id`, `CustomerKey` and customers.id are one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

Words = tuple[str, ...]

_ABBREVIATIONS = {
    "acc": "account", "acct": "account", "addr": "address", "brnch": "branch", "cat": "category", "cntry": "country",
    "ctry": "country", "cur": "currency", "curr": "currency", "cust": "customer", "dept": "department",
    "emp": "employee", "inv": "invoice", "loc": "location", "mgr": "manager", "ord": "order", "org": "organization",
    "prod": "product", "prd": "product", "reg": "region", "str": "store", "sup": "supplier", "supp": "supplier",
    "trans": "transaction", "trx": "transaction", "txn": "transaction", "usr": "user", "veh": "vehicle",
    "vnd": "vendor", "wh": "warehouse", "whs": "warehouse",
    "cd": "code", "nbr": "number", "no": "number", "nr": "number", "num": "number",
}  # fmt: skip

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
    | {"url", "flag", "kind", "gender", "city", "street", "first", "last"}
)


@dataclass(frozen=True)
class KeyName:
    """A column's name: what it is a key of, and with which word."""

    entity: Words
    """`billing_customer_id` is of (billing, customer); a plain `id` is of what its table holds."""
    word: str | None
    """The key word: id, code, …; none if there is none."""
    plain: bool
    """The name is a key word alone."""

    @property
    def descriptive(self) -> bool:
        """Whether it says what something is like, not which one it is."""
        return self.word is None and bool(_DESCRIPTIVE.intersection(self.entity))


@lru_cache(maxsize=4096)
def words(name: str) -> Words:
    """The words of a name, small, singular and written out."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    found = [word for word in re.split(r"[^a-z0-9]+", apart.lower()) if word]
    return tuple(part for word in found for part in _taken_apart(_ABBREVIATIONS.get(word, word)))


def _taken_apart(word: str) -> Words:
    """`custkey` is customer and key; `paid` is a word."""
    for ending in ("key", "code", "id"):
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
        column: _key_name(each[1:] if prefix and each[0] == prefix and len(each) > 1 else each, stem)
        for column, each in all_words.items()
    }


def _key_name(name: Words, stem: Words) -> KeyName:
    word = next((each for each in reversed(name) if each in _KEY_WORDS), None)
    entity = tuple(each for each in name if each not in _KEY_WORDS)
    return KeyName(entity or stem, word, plain=not entity)


def similarity(left: KeyName, right: KeyName, right_stem: Words) -> float:
    """How much the name of a column sounds as if it referred to another, 0 to 1.

    1: both are keys of the same thing, and it is what the other table holds. A word more before it, such as
    billing_customer_id, takes little off; another key word, or a table that holds something else, more.
    """
    if left.plain:
        return 0.0  # an `id` is of its own table
    of_table = _alike(left.entity, right_stem)
    of_column = _alike(left.entity, right.entity)
    if right.plain or (right.word is not None and _alike(right.entity, right_stem) == 1):
        found = of_table
    elif _alike(right.entity, right_stem) > 0 and of_column == 1:
        found = 0.95
    else:
        found = 0.8 * of_column
    if left.word is None or right.word is None:
        return found * (0.9 if left.word is not None or right.word is not None or found == 1 else 0.7)
    return found * (1.0 if (left.word in _CODES) == (right.word in _CODES) else 0.75)


def _alike(left: Words, right: Words) -> float:
    """How much of two phrases is the same; the last word is what a phrase is about."""
    if not left or not right:
        return 0.0
    same = [a for a in left if any(_same(a, b) for b in right)]
    if len(same) == len(left) == len(right):
        return 1.0
    about = _same(left[-1], right[-1])
    if about and len(same) == len(right):
        return 0.9  # a role before it: billing customer
    if about and len(same) == len(left):
        return 0.75  # less than the whole: customer for premium customer
    return (0.5 if about else 0.35) * len(same) / max(len(left), len(right))


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
    consonants = re.sub(r"(?<!^)[aeiou]", "", long)
    return short in (consonants, re.sub(r"(.)\1", r"\1", consonants))
