"""A test that is made on many tables at once, and what it says of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mgbayes.latent_cohort.table import Floats, Tables
from mgbayes.study.schema import TestFamily


@dataclass(frozen=True)
class PValues:
    """p (K,) of every table, NaN where there is none, and the side (K,) that it is on.

    1 where the contrast arm, or the later visit, has more; of times, where the contrast arm is later.
    """

    p: Floats
    side: Floats


@dataclass(frozen=True)
class TableTest:
    """A test of some columns, and what a methods section calls it; None where none names it.

    ``of_values``: whether it compares values alone, so that it goes the way of their means.
    """

    name: str
    family: TestFamily | None
    columns: tuple[str, ...]
    on: Callable[[Tables], PValues]
    of_values: bool = True
