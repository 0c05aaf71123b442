"""Studies that were never done: the outcomes that papers print, with random words, numbers and directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from mgbayes.study.schema import Study

_WORDS = (
    "walking",
    "itching",
    "sleep",
    "grip",
    "balance",
    "appetite",
    "hearing",
    "voice",
    "cough",
    "reading",
)
_OTHER = {"higher": "lower", "lower": "higher"}
_PER_WEEK = 7.0


def generated(seed: int, *, unit: str = "days", reverse: bool = False) -> Study:
    """A study with a score at one visit, a measure at two, a yes/no outcome and a time to an event.

    unit: of times, which are the same in days or weeks. reverse: whether what was better for a patient is worse.
    """
    rng = np.random.default_rng(seed)
    words = [str(word) for word in rng.permutation(_WORDS)]
    n = rng.integers(18, 30, 2)
    followed = float(rng.choice([28.0, 84.0, 182.0]))
    better = [str(way) for way in rng.choice(["higher", "lower"], 4)]
    days = {"days": 1.0, "weeks": _PER_WEEK}[unit]
    event = rng.integers(6, n - 5)
    share = rng.integers(4, n - 3)
    mean, spread = rng.uniform(0.25, 0.45, 2) * followed, rng.uniform(0.5, 0.7, 2)
    if reverse:
        better = [_OTHER[way] for way in better]

    def measured(at: str | None, low: float, high: float) -> list[dict[str, Any]]:
        rows = []
        for arm in ("first", "second"):
            value = rng.uniform(low, high)
            row = {"group": arm, "mean": f"{value:.1f}", "sd": f"{value * rng.uniform(0.15, 0.4):.1f}"}
            rows.append(row | ({"visit": at} if at else {}))
        return rows

    raw = {
        "schema_version": 1,
        "id": f"generated{seed}",
        "title": f"Two ways, {seed}",
        "citation": "invented",
        "question": "Is one way better?",
        "time_zero": "the first day",
        "sources": [{"id": "A", "what": "invented"}],
        "arms": [
            {"id": "first", "label": "First way", "n": str(n[0]), "reference": True},
            {"id": "second", "label": "Second way", "n": str(n[1])},
        ],
        "visits": [
            {"id": "start", "label": "start", "days": "0"},
            {"id": "end", "label": "end", "days": "28"},
        ],
        "endpoints": [
            _endpoint("score", words[0], "continuous", better[0], unit="points"),
            _endpoint("measure", words[1], "continuous", better[1], unit="cm", nonnegative=True),
            _endpoint("yes", words[2], "binary", better[2]),
            _endpoint("event", words[3], "binary", _OTHER[better[3]]),
            _endpoint(
                "time",
                f"time to {words[3]}",
                "time_to_event",
                better[3],
                unit=unit,
                event="event",
                times="times",
                fixed_followup=repr(followed / days),
            ),
        ],
        "claims": [
            _claim("score", "score", measured(None, 20, 60)),
            _claim("measure", "measure", measured("start", 30, 50) + measured("end", 20, 50)),
            _claim("yes", "yes", _counts(share, n)),
            _claim("event", "event", _counts(event, n)),
            _claim(
                "times",
                "time",
                [
                    {
                        "group": arm,
                        "mean": f"{mean[a] / days:.6f}",
                        "sd": f"{mean[a] * spread[a] / days:.6f}",
                    }
                    for a, arm in enumerate(("first", "second"))
                ],
            ),
        ],
    }
    return Study.model_validate(raw)


def _endpoint(id: str, label: str, kind: str, benefit: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "label": label, "kind": kind, "benefit": benefit, **more}


def _claim(id: str, endpoint: str, summaries: list[dict[str, Any]]) -> dict[str, Any]:
    return {"id": id, "what": id, "source": ["A"], "endpoint": endpoint, "summaries": summaries}


def _counts(events: Any, n: Any) -> list[dict[str, Any]]:
    return [
        {"group": arm, "count": str(events[a]), "n": str(n[a])} for a, arm in enumerate(("first", "second"))
    ]
