"""Random study files, plans and other TOML, right or spoiled, from a random number generator alone."""

from __future__ import annotations

import copy
import json
import random
import re
import tomllib
from functools import cache
from typing import Any

from mgbayes.study.describe import example
from tests.conftest import ROOT

Raw = dict[str, Any]

NUMBERS = [
    "0",
    "-0",
    "0.0",
    "1",
    "-1",
    "0.001",
    "99999",
    "1000000",
    "1e300",
    "1e-300",
    "-3.5",
    "33.3",
    "100",
    "1.",
    "007",
]
NUMBERS += [
    "9" * 20,
    "9" * 21,
    "0." + "1" * 18,
    "nan",
    "inf",
    "½",
    "1,5",
    "not reached",
    "<0.001",
    "NS",
    "0.05",
]
STRANGE: list[Any] = [
    None,
    0,
    1,
    -1,
    2.5,
    1e308,
    float("inf"),
    float("nan"),
    10**400,
    True,
    "",
    "x",
    "a" * 300,
]
STRANGE += [
    "../../x",
    "=1+1",
    "$\\frac{1}{$",
    "\x1b[31m",
    "\x00",
    "\u202e",
    "A\u200b",
    "A\u2028B",
    "🙂",
    "arms",
    "all",
    [],
    {},
    [[]],
    [{}],
]
STRANGE += [["a"], [1], {"a": 1}, {"": ""}, [["a", "b"]] * 3, "a\nb"]
KINDS = ("binary", "continuous", "ordinal", "count", "time_to_event")
GROUPS = ("a", "b", "all", "part")


def toml(raw: Any) -> str:
    """A document as TOML: each key of the top on a line of its own, all else inline."""
    return "\n".join(
        f"{json.dumps(key)} = {_value(value)}" for key, value in raw.items() if value is not None
    )


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case dict():
            pairs = (f"{json.dumps(key)} = {_value(one)}" for key, one in value.items() if one is not None)
            return "{" + ", ".join(pairs) + "}"
        case list():
            return "[" + ", ".join(_value(one) for one in value if one is not None) + "]"
        case str():
            return (
                '"' + "".join(f"\\U{ord(mark):08X}" if not mark.isalnum() else mark for mark in value) + '"'
            )
        case _:
            return str(value)


def places(node: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document but its root."""
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [place for key, value in inner for place in ((*at, key), *places(value, (*at, key)))]


def spoil(rng: random.Random, raw: Raw) -> Raw:
    """The same with up to three places changed: another number, something strange, what stands elsewhere, twice."""
    raw = copy.deepcopy(raw)
    for _ in range(rng.choice([0, 0, 1, 1, 1, 2, 3])):
        every = places(raw)
        if not every:
            break
        *path, key = rng.choice(every)
        holder: Any = raw
        for step in path:
            holder = holder[step]
        _change(rng, holder, key, raw)
    return raw


def _change(rng: random.Random, holder: Any, key: Any, raw: Raw) -> None:
    old = holder[key]
    match rng.randrange(6):
        case 0:
            holder[key] = copy.deepcopy(rng.choice(STRANGE))
        case 1 | 2 if isinstance(old, str | int | float):
            number = rng.choice(NUMBERS)
            digits = re.sub(r"\d", lambda _: str(rng.randrange(10)), str(old))
            holder[key] = (
                rng.choice([number, digits]) if isinstance(old, str) else rng.choice([-old, old * 1e9, 0])
            )
        case 3:
            place = rng.choice(places(raw))
            other: Any = raw
            for step in place:
                other = other[step]
            holder[key] = copy.deepcopy(other)
        case 4 if isinstance(holder, list):
            holder.append(copy.deepcopy(old))
        case 5 if isinstance(holder, dict) and isinstance(key, str):
            holder[rng.choice([key.upper(), f"{key}x", "\x1b[2J", "n", "count", "p", "mean"])] = holder.pop(
                key
            )
        case _:
            del holder[key]


@cache
def files(kind: str) -> tuple[Raw, ...]:
    """The files of the repository: studies, or plans."""
    paths = (
        sorted((ROOT / "studies").glob("*.toml"))
        if kind == "study"
        else sorted((ROOT / "models").glob("*.toml"))
    )
    texts = [path.read_text("utf-8") for path in paths] + ([example()] if kind == "study" else [])
    return tuple(tomllib.loads(text) for text in texts)


def study(rng: random.Random) -> Raw:
    """A small study that may be right: arms, visits, endpoints of all kinds, claims of all kinds of numbers."""
    n = [rng.randint(2, 40), rng.randint(2, 40)]
    visits = [{"id": f"v{i}", "label": f"visit {i}", "days": str(90 * i)} for i in range(rng.randint(0, 3))]
    kinds = [rng.choice(KINDS) for _ in range(rng.randint(1, 3))]
    raw: Raw = {
        "schema_version": 1,
        "id": "fuzz",
        "title": "A study",
        "citation": "Nobody",
        "question": "Which arm does better?",
        "sources": [{"id": "paper", "what": "the paper"}],
        "arms": [
            {"id": "a", "label": "A", "n": str(n[0]), "reference": True},
            {"id": "b", "label": "B", "n": str(n[1])},
        ],
        "subgroups": [{"id": "part", "label": "part", "n": str(min(n))}],
        "endpoints": [_endpoint(rng, i, kind) for i, kind in enumerate(kinds)],
        "claims": [],
    }
    if visits:
        raw["visits"] = visits
    for i, kind in enumerate(kinds):
        raw["claims"] += [
            _claim(rng, f"c{i}{j}", f"e{i}", kind, n, len(visits)) for j in range(rng.randint(1, 2))
        ]
    if rng.random() < 0.2:
        change = {"group": "a", rng.choice(["n", "count", "mean", "sd"]): _number(rng)}
        other = {"name": "slip", "claim": "c00", "kind": "doubt", "why": "a slip", "changes": [change]}
        raw["alternatives"] = [other]
    return raw


def _endpoint(rng: random.Random, i: int, kind: str) -> Raw:
    row: Raw = {
        "id": f"e{i}",
        "label": f"outcome {i}",
        "kind": kind,
        "benefit": rng.choice(["higher", "lower"]),
    }
    if kind == "time_to_event":
        row |= {"unit": rng.choice(["days", "months", ""]), "event": "c00", "times": f"c{i}0"}
        row |= rng.choice([{}, {"fixed_followup": "365"}, {"followup": "c00", "minimum_followup": "10"}])
    if kind == "ordinal" and rng.random() < 0.7:
        row["levels"] = ["0", "I", "II"]
    if rng.random() < 0.3:
        row |= rng.choice([{"whole": True}, {"step": "0.5"}, {"nonnegative": True}, {"role": "baseline"}])
    return row


def _number(rng: random.Random) -> str:
    value = rng.choice([rng.uniform(0, 1), rng.uniform(0, 100), rng.lognormvariate(0, 3)])
    return rng.choice([f"{value:.0f}", f"{value:.1f}", f"{value:.3f}"])


def _interval(rng: random.Random) -> list[str]:
    return sorted([_number(rng), _number(rng)], key=float)


def _numbers(rng: random.Random, kind: str, n: int) -> Raw:
    low, middle, high = sorted([_number(rng), _number(rng), _number(rng)], key=float)
    measured: list[Raw] = [
        {"mean": middle, "sd": low},
        {"mean": middle, "se": low},
        {"mean": middle, "ci": [low, high]},
        {"median": middle, "iqr": [low, high]},
        {"median": middle, "range": [low, high]},
        {"mean": middle, "sd": low, "median": middle, "range": [low, high]},
        {"median": middle, "quantiles": {"0.1": low}},
    ]
    counted: list[Raw] = [{"count": str(rng.randint(0, n))}, {"percent": f"{rng.uniform(0, 100):.1f}"}]
    choices = {
        "binary": counted,
        "count": [*measured, *counted],
        "continuous": measured,
        "ordinal": [{"count": str(rng.randint(0, n)), "level": "I"}, {"median": "I"}],
        "time_to_event": [
            *measured,
            {"survival": "62.5", "at": low},
            {"median_survival": "not reached"},
            *counted,
        ],
    }
    found = dict(rng.choice(choices[kind]))
    return found | ({"n": str(rng.randint(0, n))} if rng.random() < 0.3 else {})


def _claim(rng: random.Random, name: str, endpoint: str, kind: str, n: list[int], visits: int) -> Raw:
    groups = rng.choice([("a", "b"), ("a", "b"), ("all",), ("part", "all"), ("a",)])
    when: Raw = {"visit": f"v{rng.randrange(visits)}"} if visits and rng.random() < 0.6 else {}
    pick = rng.getrandbits(32)  # both groups with the same kinds of number
    rows = [
        {"group": g} | when | _numbers(random.Random(pick + i * (rng.random() < 0.2)), kind, n[i])
        for i, g in enumerate(groups)
    ]
    claim: Raw = {"id": name, "what": "what", "source": ["paper"], "endpoint": endpoint, "summaries": rows}
    if rng.random() < 0.5:
        test = rng.choice(
            [{}, {"test": rng.choice(["t", "mann_whitney", "chi_square", "fisher", "log_rank", "wald"])}]
        )
        between = rng.choice(
            [
                {"between": "arms"},
                {"between": "groups", "groups": list(groups)},
                {"between": "visits", "groups": [groups[0]], "visits": ["v0", "v1"], "paired": True},
            ]
        )
        claim |= {
            "p": rng.choice(["0.03", "<0.001", ">0.05", "0.9", "NS", "0"]),
            "comparison": between | test,
        }
    if rng.random() < 0.2:
        measure = rng.choice(
            ["hr", "odds_ratio", "risk_ratio", "rate_ratio", "mean_ratio", "mean_difference"]
        )
        low, middle, high = sorted([_number(rng), _number(rng), _number(rng)], key=float)
        claim["effects"] = [{measure: middle, "ci": [low, high]} | rng.choice([{}, {"adjusted": False}])]
    return claim
