"""Studies so small that all tables of patients can be listed."""

from __future__ import annotations

from typing import Any

from mgbayes.models.plan import Plan
from mgbayes.models.plan_file import load_plan
from mgbayes.study.schema import Study

ARMS = [
    {"id": "old", "label": "Old care", "n": "4", "reference": True},
    {"id": "new", "label": "New care", "n": "3"},
]


def study(endpoints: list[dict[str, Any]], claims: list[dict[str, Any]], **others: Any) -> Study:
    """A study of 4 and 3 patients."""
    return Study.model_validate(
        {
            "schema_version": 1,
            "id": "small",
            "title": "Two ways of care",
            "citation": "Nobody 2001",
            "question": "Which is better?",
            "sources": [{"id": "A", "what": "nothing"}],
            "arms": ARMS,
            "endpoints": endpoints,
            "claims": [{"source": ["A"], "what": row["id"], **row} for row in claims],
        }
        | others
    )


def plan(like: str, endpoint: str, **others: Any) -> Plan:
    """A plan with the priors of a shipped one, about another endpoint."""
    raw = load_plan(like).model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    for name in (
        "study",
        "printed_p",
        "sensitivity",
        "decision",
        "important",
        "headline",
        "patients",
        "baseline",
    ):
        raw.pop(name, None)
    return Plan.model_validate({**raw, "schema_version": 1, "endpoints": [{"endpoint": endpoint}], **others})


PILLS = study(
    [
        {
            "id": "pills",
            "label": "pills",
            "kind": "continuous",
            "unit": "a day",
            "step": "1",
            "benefit": "lower",
        }
    ],
    [
        {
            "id": "pills",
            "endpoint": "pills",
            "summaries": [
                {"group": "old", "mean": "2.5", "sd": "2"},
                {"group": "new", "mean": "1", "sd": "1"},
            ],
        }
    ],
)
FALLS = study(
    [
        {"id": "fell", "label": "fell", "kind": "binary", "benefit": "lower"},
        {
            "id": "fall",
            "label": "time to a fall",
            "kind": "time_to_event",
            "unit": "days",
            "whole": True,
            "benefit": "higher",
            "event": "fell",
            "times": "times",
            "event_name": "a fall",
            "followup": "followup",
            "minimum_followup": "1",
        },
        {"id": "length", "label": "follow-up", "kind": "continuous", "unit": "days", "role": "baseline"},
    ],
    [
        {
            "id": "fell",
            "endpoint": "fell",
            "summaries": [{"group": "old", "count": "3"}, {"group": "new", "count": "1"}],
        },
        {
            "id": "times",
            "endpoint": "fall",
            "summaries": [{"group": "all", "n": "4", "mean": "4", "sd": "2.5"}],
        },
        {"id": "followup", "endpoint": "length", "summaries": [{"group": "all", "mean": "7", "sd": "2"}]},
    ],
)
WALKS = study(
    [{"id": "walks", "label": "walks", "kind": "binary", "benefit": "higher"}],
    [
        {
            "id": "walks",
            "endpoint": "walks",
            "summaries": [{"group": "old", "count": "1"}, {"group": "new", "count": "3"}],
        }
    ],
)
GRADES = study(
    [
        {
            "id": "grade",
            "label": "grade",
            "kind": "ordinal",
            "levels": ["none", "mild", "moderate", "severe"],
            "benefit": "lower",
        }
    ],
    [
        {"id": "median", "endpoint": "grade", "summaries": [{"group": "old", "median": "mild"}]},
        {
            "id": "grades",
            "endpoint": "grade",
            "summaries": [
                {"group": "new", "level": "none", "count": "1"},
                {"group": "new", "level": "mild", "count": "0"},
                {"group": "new", "level": "moderate", "count": "2"},
                {"group": "new", "level": "severe", "count": "0"},
            ],
        },
    ],
)


def stays(old: tuple[str, str], new: tuple[str, str]) -> Study:
    """Stays in hospital over two years, as the mean and SD of each arm."""
    endpoint = {"id": "stays", "label": "stays", "kind": "count", "whole": True, "benefit": "lower"}
    rows = [{"group": group, "mean": mean, "sd": sd} for group, (mean, sd) in (("old", old), ("new", new))]
    return study(
        [endpoint | {"fixed_followup": "2", "unit": "years"}],
        [{"id": "stays", "endpoint": "stays", "summaries": rows}],
    )


def two_visits() -> Study:
    """Three grades at two visits: medians of four and of three patients, and at the end the counts of three."""
    endpoint = {"id": "grade", "label": "grade", "kind": "ordinal", "benefit": "lower"}
    rows = [
        {"group": "old", "visit": "start", "median": "moderate"},
        {"group": "new", "visit": "start", "median": "mild"},
        {"group": "old", "visit": "end", "median": "none"},
    ]
    counts = [
        {"group": "new", "visit": "end", "level": level, "count": count}
        for level, count in (("none", "1"), ("mild", "2"), ("moderate", "0"))
    ]
    return study(
        [endpoint | {"levels": ["none", "mild", "moderate"]}],
        [
            {"id": "medians", "endpoint": "grade", "summaries": rows},
            {"id": "counts", "endpoint": "grade", "summaries": counts},
        ],
        visits=[{"id": "start", "label": "the start"}, {"id": "end", "label": "the end"}],
    )


def nights(old: dict[str, Any], new: dict[str, Any], n: tuple[int, int] = (4, 3), **others: Any) -> Study:
    """Nights in hospital, in whole numbers, of which each arm has a median or more."""
    endpoint = {
        "id": "nights",
        "label": "nights in hospital",
        "kind": "continuous",
        "unit": "nights",
        "whole": True,
        "benefit": "lower",
    }
    claim = {
        "id": "nights",
        "endpoint": "nights",
        "summaries": [{"group": "old"} | old, {"group": "new"} | new],
    }
    arms = [{**arm, "n": str(size)} for arm, size in zip(ARMS, n, strict=True)]
    return study([endpoint], [claim], arms=arms, **others)


NIGHTS_PLAN = Plan.model_validate(
    {
        "schema_version": 1,
        "id": "nights",
        "title": "Nights in hospital",
        "question": "Fewer nights?",
        "model": "quantiles",
        "family": "lognormal",
        "endpoints": [{"endpoint": "nights"}],
        "priors": {
            "log_level": {"form": "normal", "values": [1.5, 1.0], "why": "a test"},
            "log_ratio": {"form": "normal", "values": [0.0, 0.7], "why": "a test"},
            "log_sd": {"form": "lognormal", "values": [-0.7, 0.5], "why": "a test"},
            "level": {"form": "normal", "values": [5.0, 10.0], "why": "a test"},
            "difference": {"form": "normal", "values": [0.0, 5.0], "why": "a test"},
            "sd": {"form": "lognormal", "values": [1.0, 0.5], "why": "a test"},
        },
    }
)
