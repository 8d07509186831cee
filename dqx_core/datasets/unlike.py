"""Parts that are not of one kind: what is held out is about other users, products or classes than train."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dqx_core.datasets.base import Role
from dqx_core.datasets.buckets import columns_of
from dqx_core.datasets.quality import Issue
from dqx_core.datasets.splits import Group

if TYPE_CHECKING:
    from dqx_core.datasets.analysis import SplitSize
    from dqx_core.datasets.definition import DatasetDefinition

MOST_CLASSES = 50
"""A label of more values is a number that is predicted, not a class."""

POINTS = 41
"""At best a fair dataset, as with a part of one row."""


def unlike(definition: DatasetDefinition, splits: Sequence[SplitSize], classes: int | None = None) -> Iterator[Issue]:
    """What is wrong with parts beside each other; parts of one row or none are told of elsewhere.

    `classes` are the values of the label in all parts together.
    """
    train = next((size for size in splits if size.split == "train" and size.rows > 1), None)
    if train is None:
        return
    for size in splits:
        if size is not train and size.rows > 1:
            if size.cold_users == 1 and not _by_design(definition, "user_id"):
                yield _nobody_known(size.split, "users", "user_id")
            if size.cold_products == 1 and not _by_design(definition, "product_id"):
                yield _nobody_known(size.split, "products", "product_id")
    if classes is None or not 1 < classes <= MOST_CLASSES:
        return
    label = definition.role("label")
    for size in splits:
        if size.rows > 1 and size.classes == 1:
            yield Issue("one_class", POINTS, _one_class(size.split, label, classes))
        elif size.unseen_classes:
            yield Issue("unseen_class", POINTS, _unseen(size.split, label, size.unseen_classes))
        elif size.classes and size.unseen_classes == 0 and train.classes and 1 < size.classes < train.classes:
            yield Issue("missing_class", 10, _missing(size.split, label, train.classes - size.classes))


def _by_design(definition: DatasetDefinition, role: Role) -> bool:
    """Whether a split keeps a role apart: by itself, or by a key that it may belong to, such as a household."""
    if not isinstance(definition.split, Group):
        return False
    key, entities = columns_of(definition.split.key), {definition.role("user_id"), definition.role("product_id")}
    return definition.role(role) in key or entities.isdisjoint(key)


def _nobody_known(part: str, what: str, role: Role) -> Issue:
    return Issue(
        f"unseen_{what}",
        POINTS,
        f"Train has none of the {what} of {part}, so {part} asks about {what} that the model never met. If that is "
        f"meant, split by group with the {role} as key; else look at the values, days and gap of the split.",
    )


def _one_class(part: str, label: str | None, classes: int) -> str:
    what = "a model learns to say that one" if part == "train" else "no number on it tells a model from a constant"
    return (
        f"The part {part} has one value of {label}, and the dataset has {classes}, so {what}. Give {part} more days, "
        "values or a larger share in the split, or look at how the label is made."
    )


def _unseen(part: str, label: str | None, count: int) -> str:
    values = "a value" if count == 1 else f"{count} values"
    return (
        f"The part {part} has {values} of {label} that train has not, so a model cannot have learned what {part} asks. "
        "Give train more days, values or a larger share in the split, or leave these rows out."
    )


def _missing(part: str, label: str | None, count: int) -> str:
    values = "a value" if count == 1 else f"{count} values"
    return (
        f"Train has {values} of {label} that {part} has not, so nothing says how well a model knows them. Give {part} "
        "more days, values or a larger share in the split."
    )
