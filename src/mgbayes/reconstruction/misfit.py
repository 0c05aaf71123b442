"""Say where a curve, its table and its totals contradict each other."""

from __future__ import annotations

from mgbayes.errors import Problem
from mgbayes.reconstruction.digitized import DigitizedCurve
from mgbayes.reconstruction.timeline import Count, Fall, Step


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
