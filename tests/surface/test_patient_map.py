"""A mistake in the column map is told with its place, what was given and what is accepted."""

from __future__ import annotations

import pytest

from mgbayes.errors import InputError
from mgbayes.study.describe import schema
from mgbayes.study.load import parse_study
from tests.surface.test_bad_input import GOOD

MAP = """
[patients]
id = "patient"
arm = { column = "arm", values = { a = ["A"], b = ["B"] } }
endpoints = [
  { endpoint = "cured", column = "cured" },
  { endpoint = "dose", visits = { end = "dose_end" } },
]
covariates = [{ name = "sex", column = "sex", kind = "category", values = { f = ["f"], m = ["m"] } }]
"""

MISTAKES = {
    "an unknown endpoint": (
        '"cured", column',
        '"curde", column',
        ["endpoints", "'curde'", "one of cured, dose"],
    ),
    "an unknown visit": ("{ end =", "{ ende =", ["visits", "'ende'", "one of end"]),
    "an unknown arm": ('b = ["B"]', 'c = ["B"]', ["arm → values", "'c'", "one of a, b"]),
    "one spelling for both arms": ('["B"]', '["a "]', ["arm → values", "'a' 2 times", "each spelling once"]),
    "a spelling that means missing": ('["B"]', '["na"]', ["arm → values", "'na'", "missing value"]),
    "a key of another kind": (
        'column = "cured"',
        'column = "cured", levels = ["0"]',
        ["'levels'", "for this kind (binary)"],
    ),
    "no column": (', column = "cured" }', " }", ["too little", "either column or visits"]),
    "no visit column": (
        'column = "cured"',
        'column = "cured", by_visit = true',
        ["by_visit", "a visit column"],
    ),
    "the identifier as a value": (
        'column = "cured"',
        'column = "patient"',
        ["'patient'", "does not identify"],
    ),
    "an endpoint twice": ('{ endpoint = "dose"', '{ endpoint = "cured"', ["'cured' 2 times", "each once"]),
    "a category without spellings": (", values = { f = [", ", value = { f = [", ["'value'", "'values'"]),
    "yes that means no": ('id = "patient"', 'id = "patient"\nyes = ["no"]', ["each spelling once among yes"]),
    "visits without an identifier": (
        'id = "patient"',
        'visit = { column = "visit" }',
        ["id as well as visit"],
    ),
    "a limit without quotes": (
        'column = "cured"',
        'column = "cured", at_most = 3',
        ["at_most", "3 without quotes"],
    ),
}


def test_the_map_without_mistakes_loads() -> None:
    assert parse_study(GOOD + MAP, "mine.toml").patients is not None


@pytest.mark.parametrize("mistake", MISTAKES)
def test_each_mistake_is_told(mistake: str) -> None:
    before, after, said = MISTAKES[mistake]
    assert before in MAP
    with pytest.raises(InputError) as caught:
        parse_study(GOOD + MAP.replace(before, after, 1), "mine.toml")
    for part in said:
        assert part in str(caught.value)


TIMES = {
    "no time": ('event = "e", followup = "f"', "time, or lower and upper"),
    "one bound": ('event = "e", followup = "f", upper = "u"', "lower and upper together"),
    "no event": ('time = "t"', "event, or followup"),
    "no follow-up": (
        'event = "e", lower = "l", upper = "u"',
        "how long those without the event were followed",
    ),
    "a start without an end": ('event = "e", time = "t", start = "s"', "the date of the end of follow-up"),
}


@pytest.mark.parametrize("mistake", TIMES)
def test_a_time_needs_its_columns(mistake: str) -> None:
    keys, said = TIMES[mistake]
    study = GOOD.replace(
        'kind = "binary", benefit = "higher" }', 'kind = "time_to_event", benefit = "higher" }', 1
    )
    with pytest.raises(InputError) as caught:
        parse_study(study + MAP.replace('column = "cured"', keys, 1), "mine.toml")
    assert said in str(caught.value)


def test_the_json_schema_documents_the_map() -> None:
    described = schema()
    assert "patients" in described["properties"]
    for name in ("PatientMap", "EndpointColumns", "Covariate"):
        assert described["$defs"][name]["description"]
