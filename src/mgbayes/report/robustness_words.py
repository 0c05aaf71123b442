"""How robust an answer is, in a few words for a table."""

from __future__ import annotations

from mgbayes.grade.robustness import Conclusion, Robustness
from mgbayes.report import words


def chance_range(found: Robustness) -> str:
    """``2 % to 78 %``; one of them where both look alike."""
    low, high = map(words.percent, found.range)
    return low if low == high else f"{low} to {high}"


def verdict(found: Robustness) -> str:
    """In how many analyses the contrast arm is concluded to do better."""
    concluding = found.concluding
    close = concluding.count(None)
    rule = (
        f"P(benefit) at most {1 - found.probability:.3g}"
        if found.worse
        else f"P(benefit) at least {found.probability:g}"
    )
    side = ", worse" if found.worse and found.conclusion is Conclusion.robust else ""
    text = f"{found.conclusion}{side}: {rule} in {concluding.count(True)} of {len(concluding)} analyses"
    notes = [f"{close} too close to call"] if close else []
    notes += [f"{found.missing} missing"] if found.missing else []
    return ", ".join([text, *notes])
