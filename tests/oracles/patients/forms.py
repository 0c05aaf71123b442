"""A small study with one endpoint of each kind, and the forms in which a clinic may keep its patients.

Every form is a column map over the same endpoints.
"""

from __future__ import annotations

from functools import cache

from mgbayes.study.load import parse_study
from mgbayes.study.schema import Study

BASE = """
schema_version = 1
id = "small"
title = "A small study"
citation = "Nobody"
question = "Which arm does better?"
sources = [{ id = "paper", what = "the paper" }]
arms = [
  { id = "a", label = "A", n = "10", reference = true },
  { id = "b", label = "B", n = "12" },
]
visits = [{ id = "start", label = "start" }, { id = "12m", label = "12 months" }, { id = "last", label = "last" }]
endpoints = [
  { id = "response", label = "response", kind = "binary", benefit = "higher" },
  { id = "relapse", label = "time to relapse", kind = "time_to_event", unit = "days", whole = true },
  { id = "dose", label = "dose", kind = "continuous", unit = "mg" },
  { id = "class", label = "class", kind = "ordinal" },
  { id = "stays", label = "stays", kind = "count", whole = true },
]
claims = [{ id = "none", what = "nothing", source = ["paper"] }]

[patients]
id = "Pat. No."
arm = { column = "Antibody", values = { a = ["AChR", "AChR+"], b = ["MuSK", "MuSK+"] } }
covariates = [
  { name = "age", column = "Age", kind = "number", unit = "years", whole = true, at_most = "120" },
  { name = "sex", column = "Sex", kind = "category", values = { female = ["F", "female"], male = ["M", "male"] } },
  { name = "thymoma", column = "Thymoma", kind = "yes_no" },
]
"""

LEVELS = (("0",), ("I",), ("II", "IIa", "IIb"), ("III",))
_LEVELS = 'levels = ["0", "I", ["II", "IIa", "IIb"], "III"]'
_WIDE = f"""
  {{ endpoint = "dose", visits = {{ start = "Dose 0", 12m = "Dose 12", last = "Dose last" }}, at_most = "200" }},
  {{ endpoint = "class", visits = {{ start = "Class 0", last = "Class last" }}, {_LEVELS} }},
"""
_LONG = f"""
  {{ endpoint = "dose", column = "Dose", by_visit = true, at_most = "200" }},
  {{ endpoint = "class", column = "Class", by_visit = true, {_LEVELS} }},
"""
_EXACT = 'event = "Relapse", time = "Relapse day", followup = "Seen until"'
_DATES = 'start = "Treated", event = "Relapse", time = "Relapse date", followup = "Seen until"'
_VISITS = 'visit = { column = "Visit", values = { start = ["0", "start"], 12m = ["12"], last = ["last"] } }'

# each form: what is said of the file, the columns of the visits, the columns of the time to relapse
_FORMS = {
    "days": ("", _WIDE, _EXACT),
    "german": ('decimal = ","\ndates = ["%d.%m.%Y"]', _WIDE, _DATES),
    "dates without an event column": ("", _WIDE, _DATES.replace('event = "Relapse", ', "")),
    "seen at visits": (
        "",
        _WIDE,
        'event = "Relapse", lower = "Free at", upper = "Seen at", followup = "Seen until"',
    ),
    "one time": ("", _WIDE, 'event = "Relapse", time = "Relapse day"'),
    "long": (_VISITS, _LONG, _EXACT),
}
NAMES = tuple(_FORMS)


@cache
def form(name: str) -> Study:
    """The study with the map of a form."""
    said, visits, times = _FORMS[name]
    endpoints = f"""endpoints = [
  {{ endpoint = "response", column = "Response" }},
  {{ endpoint = "relapse", {times} }},{visits}
  {{ endpoint = "stays", column = "Stays", exposure = "Seen for" }},
]"""
    return parse_study(f"{BASE}\n{said}\n{endpoints}", name)
