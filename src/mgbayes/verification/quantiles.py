"""Do a median, quartiles and a range fit n, the decimals, and the mean and SD beside them?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import inf

from mgbayes.study.numbers import categories_of, find_quantiles, mean_of, quantiles_of, size_of, support_of
from mgbayes.study.rounding import exact_interval, rounding_interval
from mgbayes.study.schema import Claim, Endpoint, Study, Summary
from mgbayes.study.statistics.possible import definitions_that_allow, mean_bounds, sd_outside
from mgbayes.study.statistics.quantile_definition import QuantileDefinition
from mgbayes.study.statistics.quantiles import Quantiles
from mgbayes.study.statistics.statistic import Support
from mgbayes.verification.result import Check

_LABELS = {
    QuantileDefinition.type_2: "type 2 (SAS, Stata)",
    QuantileDefinition.type_6: "type 6 (SPSS, Minitab)",
    QuantileDefinition.type_7: "type 7 (R, Excel)",
    QuantileDefinition.hinges: "Tukey's hinges",
}


def quantiles_exist(study: Study, claim: Claim) -> Iterator[Check]:
    """n values with this median, these quartiles and this range exist, whole numbers where only these occur."""
    endpoint = study.endpoint_of(claim)
    for row in claim.summaries:
        quantiles = quantiles_of(study, endpoint, row)
        if endpoint is None or quantiles is None:
            continue
        support = _support(study, endpoint, row)
        allowed = definitions_that_allow(quantiles, support)
        text = (
            f"{study.label(row.group)}: {quantiles.n} {_values(support)} with {_as_reported(row, quantiles)} "
        )
        text += "exist" if allowed else f"do not exist, with quantiles by {_names(quantiles.definitions)}"
        if allowed and len(allowed) < len(quantiles.definitions):
            text += f", but only with quantiles by {_names(allowed)}"
        yield Check("quantiles", bool(allowed), text, proves=False)


def mean_with_quantiles(study: Study, claim: Claim) -> Iterator[Check]:
    """The mean lies where the quantiles of the same patients allow it, and so does the SD."""
    endpoint = study.endpoint_of(claim)
    for row in claim.summaries:
        quantiles = _quantiles_beside(study, endpoint, row)
        if endpoint is None or quantiles is None or row.mean is None or row.level is not None:
            continue
        who, support, reported = (
            study.label(row.group),
            _support(study, endpoint, row),
            _as_reported(row, quantiles),
        )
        same = f"can be of the same {quantiles.n} patients"
        allowed = definitions_that_allow(quantiles, support, exact_interval(row.mean))
        if not allowed:
            reach = mean_bounds(quantiles, support)
            text = f"{who}: {reported} of {quantiles.n} allow a mean of {reach}"
            yield Check("mean_with_quantiles", False, f"{text}, reported {row.mean}")
            continue
        text = f"{who}: a mean of {row.mean} and {reported} {same}"
        yield Check("mean_with_quantiles", True, text, proves=False)
        spread = mean_of(study, row)
        if spread is not None:
            by_these = replace(quantiles, definitions=allowed)
            outside = sd_outside(spread.sd_interval, rounding_interval(row.mean), support, by_these)
            text = f"{who}: {spread.wording} and {reported} {same}"
            if outside is not None:
                text = f"{who}: {reported} and this mean allow an SD of {outside}, reported {spread.wording}"
            yield Check("sd_with_quantiles", outside is None, text, proves=False)


def median_of_levels(study: Study, claim: Claim) -> Iterator[Check]:
    """The median of an ordinal outcome is that of the patients counted in its levels."""
    endpoint = study.endpoint_of(claim)
    if endpoint is None or not endpoint.levels:
        return
    for group, visit in dict.fromkeys((row.group, row.visit) for row in claim.summaries):
        counted = categories_of(study, claim, group, visit)
        quantiles = find_quantiles(study, endpoint, group, visit)
        if counted is None or quantiles is None or not set(counted.names) <= set(endpoint.levels):
            continue
        pairs = zip(counted.names, counted.counts, strict=True)
        sample = [endpoint.levels.index(name) for name, count in pairs for _ in range(int(count))]
        if len(sample) == quantiles.n:
            fits = bool(quantiles.allows(sample))
            have = "have" if fits else "do not have"
            text = f"{study.label(group)}: the counts in the levels {have} {quantiles.wording}"
            yield Check("median_of_levels", fits, text)


def _quantiles_beside(study: Study, endpoint: Endpoint | None, row: Summary) -> Quantiles | None:
    """The quantiles of the patients of a summary, in it or in another one."""
    own = quantiles_of(study, endpoint, row)
    if own is not None or endpoint is None:
        return own
    other = find_quantiles(study, endpoint, row.group, row.visit, row.change_from)
    return other if other is not None and other.n == size_of(study, row) else None


def _support(study: Study, endpoint: Endpoint, row: Summary) -> Support:
    support = support_of(study, endpoint)
    return support if row.change_from is None else Support(support.whole, -inf)


def _values(support: Support) -> str:
    return "whole numbers" if support.whole else "values"


def _as_reported(row: Summary, quantiles: Quantiles) -> str:
    """The wording with the names of levels, which quantiles hold as ranks."""
    named = Quantiles.of_texts(
        quantiles.n, row.median, row.iqr, row.range, tuple((row.quantiles or {}).items())
    )
    return named.wording if named.quantiles else quantiles.wording


def _names(definitions: tuple[QuantileDefinition, ...]) -> str:
    return " or ".join(_LABELS[one] for one in definitions)
