"""Digitized Kaplan-Meier curves back to patients, as several data sets that fit them.

The equations are those of Guyot, Ades, Ouwens and Welton (2012), BMC Med Res Methodol 12:9. There they are solved
once, with rounding and uniform censoring; here they are solved in whole numbers, in all ways that fit
(``lattice``), and the data sets of the ensemble are drawn from those.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np

from mgbayes.errors import InputError, Problem
from mgbayes.limits import IMPUTATIONS
from mgbayes.reconstruction.check import problems_of
from mgbayes.reconstruction.digitized import DigitizedCurve
from mgbayes.reconstruction.ensemble import Ensemble
from mgbayes.reconstruction.lattice import COARSE, FINE, Lattice, Resolution, Stuck, lattice
from mgbayes.reconstruction.levels import SLACK, Drop, drops
from mgbayes.reconstruction.paths import draw_path
from mgbayes.reconstruction.patients import Patients, patients
from mgbayes.reconstruction.timeline import (
    Count,
    Fall,
    Outline,
    Step,
    ordered_times,
    published_counts,
    redrawn,
    timeline,
)

TIMELINES = 12  # timelines an arm: times drawn within their error, and a rate of censoring each
CENSORED = (0.05, 5.0)  # hazard of censoring times length of follow-up, where no table gives it


def reconstruct(curves: Sequence[DigitizedCurve], *, members: int = 50, seed: int = 1) -> Ensemble:
    """Data sets that fit digitized curves, numbers at risk and totals of events.

    Every imputation has the published numbers at risk and totals exactly, and its Kaplan-Meier curve passes every
    digitized point within the digitizing error. Imputations differ in what the paper does not fix: when patients were
    censored and, within the error, the number of events at a drop. An event is placed only where no constant
    survival explains the points within the error.

    Args:
        curves: one digitized curve an arm.
        members: how many data sets.
        seed: the same seed gives the same ensemble.

    Returns:
        An Ensemble: ``data`` with dimensions member and patient, and the largest deviation from the curves.

    Raises:
        InputError: with every problem of the curves; or the place that no whole numbers of patients come past.

    Example:
        >>> import mgbayes as mb, pathlib, tempfile
        >>> file = pathlib.Path(tempfile.mkdtemp()) / "exercise.csv"
        >>> _ = file.write_text("time,survival\\n0,1\\n30,0.9\\n60,0.7\\n90,0.6\\n")
        >>> data = mb.reconstruct(mb.read_curves(file, n=10, events=4), members=5).data
        >>> data["event"].sum("patient").values.tolist()
        [4, 4, 4, 4, 4]
    """
    problems = [problem for curve in curves for problem in problems_of(curve)]
    names = [curve.arm for curve in curves]
    if len(set(names)) < len(names):
        problems.append(Problem("the arms", ", ".join(names), "each name once"))
    if not 1 <= members <= IMPUTATIONS:
        problems.append(Problem("members", str(members), f"1 to {IMPUTATIONS}"))
    if problems or not curves:
        raise InputError(_files(curves), problems or [Problem("the curves", "none", "at least one")])
    seeds = np.random.SeedSequence(seed).spawn(len(curves))
    arms = [
        _arm(curve, members, np.random.default_rng(own)) for curve, own in zip(curves, seeds, strict=True)
    ]
    return Ensemble.of(tuple(curves), arms, seed)


def _files(curves: Sequence[DigitizedCurve]) -> str:
    return ", ".join(dict.fromkeys(curve.points.file for curve in curves)) or "the curves"


def _arm(curve: DigitizedCurve, number: int, rng: np.random.Generator) -> list[Patients]:
    """The imputations of one arm, from the simplest interpretation of its curve that gives them."""
    stuck = Stuck(None)
    for resolution, dropped in product((COARSE, FINE), _ways_to_read(curve)):
        solved, missed = _solved(curve, dropped, resolution, rng)
        imputations = _drawn(curve, solved, number, rng)
        if imputations:
            return imputations
        stuck = missed if stuck.step is None else stuck
    raise InputError(curve.points.file, [no_whole_numbers(curve, stuck.step)])


def _solved(
    curve: DigitizedCurve, dropped: tuple[Drop, ...], resolution: Resolution, rng: np.random.Generator
) -> tuple[list[tuple[Outline, Lattice]], Stuck]:
    """The timelines of one interpretation that whole numbers of patients can give, and where another got stuck."""
    possible, missed = outlines(curve, dropped, resolution, rng)
    timelines = [(outline, rate) for outline in possible for rate in _rates(len(possible), rng)]
    tried = [(o, lattice(timeline(o, rng, r), curve.n, curve.events, resolution)) for o, r in timelines]
    solved = [(outline, result) for outline, result in tried if isinstance(result, Lattice)]
    stuck = [missed, *(result for _, result in tried if isinstance(result, Stuck))]
    return solved, next((one for one in stuck if one is not None), Stuck(None))


def _drawn(
    curve: DigitizedCurve, solved: list[tuple[Outline, Lattice]], number: int, rng: np.random.Generator
) -> list[Patients]:
    """Imputations drawn from timelines in proportion to their evidence; none where there are not enough."""
    evidence = np.array([solution.log_evidence for _, solution in solved])
    chance = np.exp(evidence - evidence.max(initial=-np.inf))
    imputations: list[Patients] = []
    while len(imputations) < number and chance.any():
        at = int(rng.choice(len(solved), p=chance / chance.sum()))
        outline, solution = solved[at]
        path = draw_path(solution, rng)
        if path is None:
            chance[at] = 0.0
        else:
            steps = redrawn(solution.steps, ordered_times(outline.bounds(), rng))
            imputations.append(patients(curve, steps, path, rng))
    return imputations if len(imputations) == number else []


def _rates(outlines: int, rng: np.random.Generator) -> np.ndarray:
    """Rates of censoring for each of so many outlines, a few at least."""
    return rng.permutation(np.geomspace(*CENSORED, max(4, TIMELINES // outlines)))


def _ways_to_read(curve: DigitizedCurve) -> Iterator[tuple[Drop, ...]]:
    """The simplest interpretation first; the next only where no whole numbers of patients give the one before.

    Points a moment apart may lie on one vertical line. And drops within the digitizing error are looked at: the
    least drop that a patient can make is 1 / n, so between two points that fall by less than 1 / n - 2 error
    there is none.
    """
    least = max(1 / curve.n - 2 * curve.survival_error, SLACK)
    for hinted in (np.inf, least):
        for line in sorted({0.0, curve.time_error}):
            yield tuple(drops(curve, line=line, hinted=hinted))


def no_whole_numbers(curve: DigitizedCurve, step: Step | None) -> Problem:
    """The place that no whole numbers of patients come past, and what could be wrong there."""
    within = f"within ±{curve.survival_error:g}"
    match step:
        case Fall():
            middle = (step.low + step.high) / 2
            given = f"a drop to {middle:.4g} at time {step.time:g} that no whole numbers of patients give {within}"
            return Problem(f"arm {curve.arm!r}, the curve", given, _check(curve, "a larger survival error"))
        case Count():
            given = (
                f"{step.number} at risk at time {step.time:g}, which the curve so far does not allow {within}"
            )
            return Problem(
                f"arm {curve.arm!r}, the numbers at risk", given, _check(curve, "a corrected number")
            )
        case _:
            given = f"{'no total' if curve.events is None else f'{curve.events} in total'}, not met {within}"
            return Problem(f"arm {curve.arm!r}, events", given, _check(curve, "a corrected total"))


def _check(curve: DigitizedCurve, remedy: str) -> str:
    also = ", ".join(
        word
        for word, published in (("the table", len(curve.at_risk)), ("the marks", curve.marks is not None))
        if published
    )
    return f"{remedy}; points, n{', ' + also if also else ''} that agree with each other"


_MOST = 6  # orders that are followed side by side


def outlines(
    curve: DigitizedCurve, drops: tuple[Drop, ...], resolution: Resolution, rng: np.random.Generator
) -> tuple[list[Outline], Stuck | None]:
    """The orders of drops and published numbers at risk that can be, likeliest first; or where the last got stuck.

    A drop within the time error of a number's time may lie on either side of it. Orders are gone through from left to
    right, and those kept that whole numbers of patients can give.
    """
    candidates, stuck = [Outline(curve, drops, ())], None
    for count in published_counts(curve):
        least = sum(drop.latest < count.time for drop in drops)
        most = max(least, sum(drop.earliest < count.time for drop in drops))
        tried = [
            Outline(curve, drops, (*outline.before, k))
            for outline in candidates
            for k in range(least, most + 1)
            if not outline.before or k >= outline.before[-1]
        ]
        if len(tried) > 1:
            tried, stuck = _possible(tried, resolution, rng)
        if not tried:
            return [], stuck
        candidates = tried
    return candidates, None


def _possible(
    tried: list[Outline], resolution: Resolution, rng: np.random.Generator
) -> tuple[list[Outline], Stuck | None]:
    """Those of which the part up to the last count can be, likeliest first."""
    results = [lattice(timeline(one.first_part(), rng, 1.0), one.curve.n, None, resolution) for one in tried]
    solved = [(r.log_evidence, i) for i, r in enumerate(results) if isinstance(r, Lattice)]
    stuck = next((result for result in results if isinstance(result, Stuck)), None)
    return [tried[i] for _, i in sorted(solved, reverse=True)[:_MOST]], stuck
