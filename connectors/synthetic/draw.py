"""Chance that repeats: one stream of random numbers a chunk, and tables that make skewed draws cheap."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")
TABLE_SIZE = 4096


def stream(*path: object) -> Random:
    """Return the random numbers that belong to a path such as (seed, "families", 7), whoever asks and wherever."""
    return Random(":".join(str(part) for part in path))  # noqa: S311 - the data must repeat; nothing here is secret


class Skewed(Generic[T]):
    """Values drawn with given weights; a draw is one lookup, because loading draws some fifty times a child."""

    __slots__ = ("_table",)

    def __init__(self, weights: Mapping[T, float]) -> None:
        """Lay the values out over the table by weight; each has at least one place."""
        total = sum(weights.values())
        table: list[T] = []
        for value, weight in weights.items():
            table.extend([value] * max(1, round(TABLE_SIZE * weight / total)))
        self._table = table

    @classmethod
    def by_rank(cls, values: Sequence[T]) -> "Skewed[T]":
        """Return a skew in which a value's weight falls with its rank, as the frequency of names does."""
        return cls({value: 1.0 / (rank + 6) ** 0.9 for rank, value in enumerate(values)})

    def draw(self, random: Random) -> T:
        """Return one value."""
        return self._table[int(random.random() * len(self._table))]

    @property
    def values(self) -> tuple[T, ...]:
        """Return the distinct values in the order given."""
        return tuple(dict.fromkeys(self._table))
