"""How robust an answer is, in a few words for a table."""

from __future__ import annotations

from mgbayes.grade.robustness import Conclusion, Robustness
from mgbayes.report import words


def chance_range(robustness: Robustness) -> str:
    """``2 % to 78 %``; one of them where both look alike."""
    low, high = map(words.percent, robustness.range)
    return low if low == high else f"{low} to {high}"


def verdict(robustness: Robustness) -> str:
    """In how many analyses the contrast arm is concluded to do better."""
    concluding = robustness.concluding
    close = concluding.count(None)
    rule = (
        f"P(benefit) at most {1 - robustness.probability:.3g}"
        if robustness.worse
        else f"P(benefit) at least {robustness.probability:g}"
    )
    side = ", worse" if robustness.worse and robustness.conclusion is Conclusion.robust else ""
    number = len(concluding)
    count = f"{concluding.count(True)} of {number} {'analysis' if number == 1 else 'analyses'}"
    text = f"{robustness.conclusion}{side}: {rule} in {count}"
    notes = [f"{close} too close to call"] if close else []
    notes += [f"{robustness.missing} missing"] if robustness.missing else []
    return ", ".join([text, *notes])
