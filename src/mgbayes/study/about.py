"""The p values between the arms that a paper reports on one outcome, and what they follow from."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.study.schema import Claim, Endpoint, Kind, Study


def counting_endpoint(study: Study, endpoint: Endpoint) -> str | None:
    """Of a time to an event, the endpoint that counts who had it."""
    return None if endpoint.event is None else study.claim(endpoint.event).endpoint


def reported_p_of(study: Study, endpoint: str) -> Iterator[Claim]:
    """The claims with a p value between arms, on an endpoint at any visit; those of a subset of patients too."""
    for claim in study.claims:
        between = claim.comparison is not None and claim.comparison.between == "arms"
        if claim.endpoint == endpoint and between and claim.p is not None:
            yield claim


def follows_from_counts(study: Study, claim: Claim) -> bool:
    """Whether a claim's p value is one of a two-by-two table that is reported."""
    endpoint = study.endpoint_of(claim)
    if endpoint is None or endpoint.kind is not Kind.binary:
        return False
    counted = {row.group for row in claim.summaries if row.count is not None or row.percent is not None}
    return {arm.id for arm in study.arms} <= counted


def overlap(study: Study, one: frozenset[str], other: frozenset[str]) -> bool:
    """Whether the same patient can count in two sets of endpoints, as they are one or are declared to overlap."""

    def with_declared(names: frozenset[str]) -> set[str]:
        return {*names, *(part for name in names for part in study.endpoint(name).overlaps)}

    return bool(with_declared(one) & other or one & with_declared(other))
