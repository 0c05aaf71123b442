"""The overall answer in words: all main outcomes together, and what that depends on."""

from __future__ import annotations

from mgbayes.grade.findings import followup_is_assumed
from mgbayes.overall.benefit import OverallBenefit, OverallVariation
from mgbayes.overall.posterior import Overall
from mgbayes.report import words
from mgbayes.report.results import Reanalysis

_CHANGED = {
    "other contrast": "with {}, as estimand",
    "other fit": "with another analysis: {}",
    "left out": "leaving out {}",
    "correlation of outcomes": "with a correlation of {} between the outcomes' estimates",
    "scale": "on another scale: {}",
    "prior": "with another prior: {}",
}
"""What is changed, within a sentence."""
_KINDS = {
    "other contrast": "Another estimand of an outcome:",
    "other fit": "Another analysis of an outcome:",
    "left out": "Leaving out",
    "correlation of outcomes": "Correlation of the outcomes' estimates",
    "scale": "Scale:",
    "prior": "Prior:",
}


def overall_answer(reanalysis: Reanalysis) -> list[str]:
    """What is asked, the answer, how it moves, and what holds whatever the dependence between outcomes."""
    benefit = reanalysis.overall
    if benefit is None:
        return []
    return [
        _question(benefit),
        *_separate(benefit),
        _answer(reanalysis, benefit),
        _depends_on(benefit),
        *_missing(benefit),
        *_assumed(reanalysis),
        _any_dependence(reanalysis, benefit),
    ]


def overall_short(reanalysis: Reanalysis) -> list[str]:
    """One sentence for the short answer, or why there is no answer; none where fewer than two outcomes were asked."""
    benefit, why_not = reanalysis.overall, reanalysis.main_outcomes.why_not
    if benefit is None:
        return [f"There is no answer over all outcomes together: {why_not}."] if why_not else []
    chances = benefit.chances
    missing = f"; {len(benefit.missing)} of the analyses gave no estimate" if benefit.missing else ""
    missing += "; follow-up assumed" if _assumed(reanalysis) else ""
    return [
        f"Over {len(benefit.contrasts)} main outcomes together the probability that the mean benefit of "
        f"{reanalysis.study.contrast.label} is above zero is {words.percent(benefit.main.p_mean)}, and "
        f"{words.percent(min(chances))} to {words.percent(max(chances))} with one assumption or analysis changed at "
        f"a time{missing}."
    ]


def overall_rows(reanalysis: Reanalysis) -> list[dict[str, str]]:
    """The answer as assumed, and with one thing changed at a time."""
    benefit = reanalysis.overall
    if benefit is None:
        return []
    rows = [("As assumed", benefit.main)]
    rows += [(f"{_KINDS.get(row.kind, row.kind)} {row.change}", row.overall) for row in benefit.variations]
    return [{"change": change} | _chances(row) for change, row in rows]


def _chances(row: Overall) -> dict[str, str]:
    return {
        "mean": words.percent(row.p_mean),
        "but_one": words.percent(row.p_at_least[-2]),
        "all": words.percent(row.p_at_least[-1]),
    }


def _question(benefit: OverallBenefit) -> str:
    listed = "; ".join(row.label[:1].lower() + row.label[1:] for row in benefit.contrasts)
    return (
        f"Each of {len(benefit.contrasts)} main outcomes ({listed}) is brought to one scale, standard deviations of "
        "the outcome with benefit positive, from its own fit. The benefits are taken to vary around an average over "
        "outcomes, so that they inform one another. Their estimates come from the same patients; they are taken "
        f"to be correlated by {benefit.correlation:g}, which nothing that is reported says."
    )


def _separate(benefit: OverallBenefit) -> list[str]:
    """The plans that are no separate evidence."""
    if not benefit.overlapping:
        return []
    return [
        "Not counted again, because they ask about the same events or about outcomes that overlap with these: "
        f"{'; '.join(benefit.overlapping)}."
    ]


def _missing(benefit: OverallBenefit) -> list[str]:
    """The analyses that should have been among the variations."""
    if not benefit.missing:
        return []
    return [
        f"Missing from this range, because they gave no estimate: {'; '.join(benefit.missing)}. What they would have "
        "said is not known."
    ]


def _assumed(reanalysis: Reanalysis) -> list[str]:
    """The outcomes whose follow-up is assumed."""
    benefit = reanalysis.overall
    within = {row.outcome for row in benefit.contrasts} if benefit else set()
    titles = {fit.plan.title for fit in reanalysis.fits if fit.plan.id in within and followup_is_assumed(fit)}
    if not titles:
        return []
    return [f"These numbers rest on an assumed follow-up ({'; '.join(sorted(titles))})."]


def _answer(reanalysis: Reanalysis, benefit: OverallBenefit) -> str:
    main, arm = benefit.main, reanalysis.study.contrast.label
    count = len(main.outcomes)
    every, all_but_one = ("both", "one does") if count == 2 else (f"all {count}", f"{count - 1} do")
    return (
        f"The probability that the mean benefit of {arm} over these outcomes is above zero is "
        f"{words.percent(main.p_mean)} (of the average over all outcomes like these, {words.percent(main.p_mu)}); "
        f"that {every} favour {arm}, {words.percent(main.p_at_least[-1])}; "
        f"that at least {all_but_one}, {words.percent(main.p_at_least[-2])}. "
        f"The outcomes differ among themselves by an SD of {words.number(main.tau_median)} "
        f"({words.number(main.tau_low)} to {words.number(main.tau_high)})."
    )


def _depends_on(benefit: OverallBenefit) -> str:
    rows = sorted(benefit.variations, key=lambda row: row.overall.p_mean)
    low, high = rows[0], rows[-1]
    return (
        f"What this depends on: with one thing changed at a time it runs from {words.percent(low.overall.p_mean)} "
        f"({changed(low)}) to {words.percent(high.overall.p_mean)} ({changed(high)}), "
        f"over {len(rows)} changes."
    )


def changed(row: OverallVariation) -> str:
    """What is changed, within a sentence."""
    text = words.outcome_of(row.change) if row.kind == "left out" else words.first_lower(row.change)
    return _CHANGED.get(row.kind, f"{row.kind}: {{}}").format(text)


def _any_dependence(reanalysis: Reanalysis, benefit: OverallBenefit) -> str:
    every = benefit.agreement[-1]
    return (
        "Given each outcome by its own fit, and whatever the dependence between them, the probability that all "
        f"{every.outcomes} favour {reanalysis.study.contrast.label} lies between "
        f"{words.percent(every.bounds.low)} and {words.percent(every.bounds.high)}."
    )
