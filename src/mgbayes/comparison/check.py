"""What cannot be compared: every problem in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mgbayes.comparison.answers import Method
from mgbayes.comparison.scenarios import AnyScenario, Scenario, problems
from mgbayes.comparison.tables import MOST_PATIENTS
from mgbayes.errors import InputError, Problem, one_of

FEWEST = {"repetitions": 100, "published": 20}
"""Simulated studies of each scenario, and studies fitted from patients and from published numbers."""
FEWEST_PATIENTS = 4
"""Of an arm, for the methods that estimate a variance in each."""


def check(
    arms: tuple[int, int] | None,
    expected: float,
    counts: Sequence[Scenario],
    given: tuple[AnyScenario, ...],
    repetitions: Mapping[str, int],
    names: Sequence[str],
    known: Sequence[Mapping[str, Method]],
    of_file: Sequence[Problem] = (),
) -> None:
    """Raise InputError; ``names`` are of methods, ``known`` all that there are, ``of_file`` what was found before."""
    found = list(of_file)
    if arms is None:
        found.append(Problem("arms", "none", "a study, or the numbers of patients of both arms"))
    for name, number in repetitions.items():
        if number and (number < FEWEST[name] or (arms and min(arms) < FEWEST_PATIENTS)):
            accepted = f"0, or at least {FEWEST[name]} with {FEWEST_PATIENTS} patients or more in each arm"
            found.append(Problem(name, str(number), accepted))
    for name, size in zip(("reference", "contrast"), arms or (), strict=False):
        if not 1 <= size <= MOST_PATIENTS:
            accepted = f"1 to {MOST_PATIENTS}, to go through all tables"
            found.append(Problem(f"patients of the {name} arm", str(size), accepted))
    if not expected > 1:
        accepted = "an odds ratio above 1; both directions are looked at"
        found.append(Problem("expected", f"{expected:g}", accepted))
    if all(row.odds_ratio == 1 for row in counts):
        found.append(Problem("scenarios", "no effect in any", "one with an odds ratio other than 1"))
    all_names = [name for methods in known for name in methods]
    found += [
        Problem("methods", repr(name), one_of(all_names, name)) for name in names if name not in all_names
    ]
    found += problems(given)
    if found:
        raise InputError("compare", found)
