"""What columns of each role are called: the words of users, products, times and revenues, in any domain."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from dqx_core.datasets.base import Role
from dqx_core.datasets.key_names import KeyName, Words, words
from dqx_core.datasets.types import NUMERIC, TIMES

NAMES: Mapping[Role, tuple[str, ...]] = {
    "user_id": (
        "customer_id", "user_id", "userid", "client_id", "buyer_id", "member_id", "account_id", "person_id",
    ),
    "product_id": ("product_id", "productid", "item_id", "itemid", "sku", "sku_id", "article_id", "goods_id"),
    "timestamp": (
        "timestamp", "created_at", "transaction_date", "order_date", "purchase_date", "date", "datetime", "event_time",
        "transaction_time", "order_time",
    ),
    "revenue": (
        "amount", "revenue", "price", "total", "value", "sales", "order_total", "transaction_amount", "spend",
    ),
}  # fmt: skip
"""Whole names, however they are spelled, the likeliest first."""

DEFINITE = 100
"""Ranks below it are whole names, one before the other; from it on ranks are by words."""

SAID = DEFINITE + 2
"""Up to it the name says so; what is above is a guess, such as that of the only time there is."""

_PEOPLE = frozenset(
    {"customer", "user", "client", "buyer", "member", "account", "person", "shopper", "consumer", "subscriber"}
    | {"visitor", "guest", "patient", "player", "passenger", "student", "subject", "reviewer", "borrower", "cardholder"}
    | {"donor", "traveler", "traveller", "reader", "viewer", "listener", "voter", "tenant", "participant", "respondent"}
    | {"learner", "rider", "citizen", "resident", "household", "policyholder", "beneficiary", "applicant", "entity"}
)
_ACTORS = frozenset(
    {"employee", "driver", "worker", "athlete", "device", "sensor", "meter", "machine", "vehicle", "company"}
)
"""Whom rows may be of where they are of nobody else."""

_OWNING = frozenset({"owner", "author", "buying", "purchasing", "ordering"})
"""Before a user: the one whose row it is."""

_THINGS = frozenset(
    {"product", "item", "sku", "article", "good", "goods", "stock", "part", "movie", "film", "track", "song", "book"}
    | {"material", "merchandise", "listing", "business", "venue", "recipe", "video", "anime", "course", "hotel"}
    | {"restaurant", "drug", "medication", "dish", "podcast", "episode", "wine", "beer", "joke"}
)
_BARCODES = frozenset({"sku", "isbn", "asin", "upc", "ean", "gtin", "barcode"})
"""Keys of things without a word like id."""

_NEVER = frozenset(
    {
        "birth",
        "birthday",
        "dob",
        "born",
        "death",
        "dod",
        "died",
        "debut",
        "expiry",
        "expire",
        "expires",
        "expiration",
        "valid",
    }
    | {"update", "updated", "modified", "modification", "changed", "edit", "edited", "deleted", "touched", "refreshed"}
    | {"processed", "loaded", "ingested", "inserted", "extracted", "synced"}
)
"""Times that say nothing about when a row happened."""

_LATER = frozenset(
    {"ship", "shipped", "shipping", "deliver", "delivered", "delivery", "required", "due", "estimated", "expected"}
    | {"planned", "promised", "approved", "approval", "arrival", "arrive", "arrived", "dropoff", "drop", "end", "ended"}
    | {"stop", "stopped", "finish", "finished", "close", "closed", "complete", "completed", "return", "returned"}
    | {"cancel", "cancelled", "canceled", "discharge", "disch", "discharged", "checkout", "out", "outtime", "logout"}
    | {
        "paid",
        "resolved",
        "commit",
        "receipt",
        "received",
        "to",
        "until",
        "last",
        "final",
        "limit",
        "answer",
        "answered",
    }
    | {"store", "deposed", "edout", "edreg"}
)
"""Times of what comes after the row has begun."""

_CREATED = frozenset(
    {"create", "created", "creation", "added", "recorded", "record", "logged", "log", "chart", "charted"}
)
"""Times at which a row was written down: later than it happened, or not."""

_HAPPENED = frozenset(
    {"order", "ordered", "purchase", "purchased", "transaction", "event", "invoice", "invoiced", "sale", "sold"}
    | {"start", "started", "begin", "began", "pickup", "admit", "admitted", "admission", "rental", "rented", "review"}
    | {"reviewed", "departure", "depart", "checkin", "in", "intime", "open", "opened", "post", "posted", "measure"}
    | {"measured", "measurement", "observe", "observed", "observation", "visit", "visited"}
    | {"booked", "booking", "click", "clicked", "viewed", "submit", "submitted", "publish", "published", "reported"}
    | {"played", "watched", "rated", "rating", "trip", "ride", "session", "request", "requested", "call", "game"}
    | {"match", "race", "flight", "payment", "reading", "happened", "occurred", "accident", "incident", "listened"}
)
_CLOCK = frozenset(
    {
        "date",
        "time",
        "timestamp",
        "datetime",
        "day",
        "hour",
        "minute",
        "utc",
        "local",
        "at",
        "ts",
        "dat",
        "dteday",
        "ds",
    }
    | {"moment", "week", "month"}
)
"""Words of which plain times are made."""

_MONEY = {
    "total": 1, "due": 1,
    "amount": 2, "revenue": 2, "sale": 2, "spend": 2, "spent": 2, "turnover": 2, "fare": 2, "payment": 2, "gmv": 2,
    "value": 2, "charge": 2, "takings": 2, "proceeds": 2,
    "price": 3, "paid": 3,
}  # fmt: skip
"""What a value ends in, and which is taken first; of two alike none is."""

_OF_MONEY = frozenset(
    {"unit", "sale", "selling", "sold", "order", "transaction", "purchase", "invoice", "payment", "total", "grand"}
    | {"net", "gross", "line", "item", "extended", "paid", "fare", "trip", "trade", "weekly", "daily", "monthly"}
    | {"ticket", "booking", "bill", "billed", "donation", "amount", "price", "value", "charge", "product", "final"}
)
"""What may stand before it; with any other word (tax, list, minimum, …) it is another number."""

_CURRENCIES = frozenset({"usd", "eur", "gbp", "chf", "cent", "euro", "dollar", "currency", "local", "in"})

_RATINGS: frozenset[Words] = frozenset(
    {("rating",), ("star",), ("user", "rating"), ("review", "score"), ("review", "rating"), ("book", "rating")}
    | {("movie", "rating"), ("overall", "rating")}
)


@dataclass(frozen=True)
class Described:
    """A column as its name is read."""

    column: str
    type: str
    key: KeyName
    stem: Words

    @cached_property
    def words(self) -> Words:
        """Of its name, without what most columns of its table begin with, and without letters such as `o_`."""
        found = words(self.column)
        return found[1:] if self.key.prefix or (len(found) > 1 and _LETTERS.fullmatch(found[0])) else found

    @property
    def entity(self) -> Words:
        """What it is a key of; nothing for a plain id."""
        found = () if self.key.plain else self.key.entity
        return found[1:] if len(found) > 1 and _LETTERS.fullmatch(found[0]) else found

    def whole(self, role: Role) -> int | None:
        """Which of the whole names of a role it has."""
        return next((n for n, name in enumerate(NAMES[role]) if words(name) == self.words), None)


_LETTERS = re.compile(r"[a-z]|[bcdfghjklmnpqrstvwxz]{2}")
"""What many schemas put before all columns of a table: o_custkey, ss_item_sk."""

_AFTER = DEFINITE + 5

Ranks = dict[str, int]
"""Column → how well it fits; smaller is better."""


def _users(columns: Sequence[Described]) -> Ranks:
    return _of_keys(columns, "user_id", (_PEOPLE, _ACTORS), _OWNING)


def _products(columns: Sequence[Described]) -> Ranks:
    found = _of_keys(columns, "product_id", (_THINGS,), frozenset())
    bare = {each.column: DEFINITE for each in columns if len(each.words) == 1 and each.words[0] in _BARCODES}
    return bare | found


def _of_keys(
    columns: Sequence[Described], role: Role, classes: Sequence[frozenset[str]], before: frozenset[str]
) -> Ranks:
    found: Ranks = {}
    heads: set[tuple[str, ...]] = set()
    for each in columns:
        if each.type in TIMES or each.type == "BOOL":
            continue
        whole, key, entity = each.whole(role), each.key, each.entity
        entity = entity[1:] if len(entity) > 1 and entity[0] in before else entity
        if whole is not None:
            found[each.column] = whole
        elif key.word is not None and len(entity) == 1 and entity not in heads:
            rank = next((n for n, heads_ in enumerate(classes) if entity[0] in heads_), None)
            if rank is not None:
                heads.add(entity)  # of two keys of one thing the first
                own = key.entity == each.stem
                found[each.column] = DEFINITE if own and rank == 0 else DEFINITE + 1 + rank
    return found


def _times(columns: Sequence[Described]) -> Ranks:
    """Where a time has a word that is not known, no other word speaks louder: it may be what happened."""
    times = [each for each in columns if each.type in TIMES and not _NEVER.intersection(each.words)]
    unknown = any(
        (_HAPPENED | _CREATED | _LATER).isdisjoint(each.words) and not _CLOCK.issuperset(each.words) for each in times
    )
    found: Ranks = {}
    for each in times:
        said = set(each.words)
        whole = each.whole("timestamp")
        if whole is not None:
            found[each.column] = whole
        elif said & _LATER:
            found[each.column] = _AFTER
        elif said <= _CLOCK:
            found[each.column] = DEFINITE
        elif said & _CREATED:
            found[each.column] = DEFINITE + (4 if unknown else 2)
        else:
            found[each.column] = DEFINITE + (3 if unknown else 1)
    if sum(each.type in TIMES for each in columns) > 1 and min(found.values(), default=0) == _AFTER:
        return found if len(found) > 1 else {}  # the end of what has no beginning here
    return found


def _values(columns: Sequence[Described]) -> Ranks:
    found: Ranks = {}
    for each in columns:
        if each.type not in NUMERIC or each.key.word is not None:
            continue
        said = tuple(word for word in each.words if word not in _CURRENCIES) or each.words
        whole = each.whole("revenue")
        if whole is not None:
            found[each.column] = whole
        elif said[-1] in _MONEY and _OF_MONEY.issuperset(said[:-1]):
            rank = min([_MONEY[said[-1]], *([1] if "total" in said else [])])
            found[each.column] = DEFINITE + rank - 1
        elif said in _RATINGS:
            found[each.column] = DEFINITE + 8
    return found


FITS: Mapping[Role, Callable[[Sequence[Described]], Ranks]] = {
    "user_id": _users,
    "product_id": _products,
    "timestamp": _times,
    "revenue": _values,
}
"""Role → what finds its columns; a column that fits several roles has the first of them."""
