"""A model's name is known to the catalogue and to plans alone: a new model is one file, one plan and one row."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mgbayes.models.catalogue import MODELS
from tests.conftest import ROOT

SOURCE = ROOT / "src" / "mgbayes"
KIND = "a kind of endpoint"
NUMBER = "a kind of published number"
KEY = "a column or key of a table"
ANOTHER_THING: Mapping[str, tuple[set[str], str]] = {
    "study/schema.py": ({"binary", "continuous", "ordinal"}, KIND),
    "study/patient_references.py": ({"binary", "continuous", "ordinal"}, KIND),
    "study/possible_numbers.py": ({"quantiles"}, NUMBER),
    "study/statistics/quantiles.py": ({"quantiles"}, NUMBER),
    "patient_comparison/mask.py": ({"quantiles"}, NUMBER),
    "verification/quantiles.py": ({"quantiles"}, NUMBER),
    "verification/intervals.py": ({"counts"}, "what an interval is recomputed from"),
    "models/effect_likelihoods.py": ({"counts"}, "a family of reported effects"),
    "models/reported_effect.py": ({"counts"}, "a family of its own"),
    "planning/effects.py": ({"counts"}, "a family of reported effects"),
    "report/words.py": ({"counts"}, "a family of reported effects"),
    "report/comparison_page.py": ({"counts"}, KEY),
    "report/write_latent_cohort.py": ({"counts"}, KEY),
    "comparison/lost.py": ({"counts"}, "evidence whose loss is compared"),
    "comparison/bayesian_times.py": ({"cure"}, "a method of the comparison"),
    "models/joint.py": ({"cure"}, "an outcome of the joint model"),
    "models/joint_patients.py": ({"cure"}, "an outcome of the joint model"),
    "estimands/joint.py": ({"cure", "continuous"}, "an outcome of the joint model"),
}
"""Texts that are spelled like a model and mean something else."""
PROPOSED = {
    "planning/classes.py": {"ordinal"},
    "planning/effects.py": {"reported_effect"},
    "planning/measured.py": {"continuous"},
    "planning/medians.py": {"quantiles"},
    "planning/times.py": {"cure", "proportional_hazards"},
    "planning/yes_no.py": {"binary"},
}
"""Each writes the plan files of one kind of outcome, and a plan names its model."""


def _texts(path: Path) -> set[str]:
    """The whole strings of a file."""
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _named(names: set[str]) -> Iterator[tuple[str, set[str]]]:
    """Files outside the catalogue and a model's own, with the names of models among their strings."""
    for path in sorted(SOURCE.rglob("*.py")):
        place = path.relative_to(SOURCE).as_posix()
        own = {path.stem} if place.startswith("models/") else set()
        found = _texts(path) & (names - own)
        if found and place != "models/catalogue.py":
            yield place, found


def test_no_other_file_holds_the_name_of_a_model() -> None:
    allowed = {place: set(names) for place, (names, _) in ANOTHER_THING.items()}
    for place, names in PROPOSED.items():
        allowed.setdefault(place, set()).update(names)
    assert dict(_named(set(MODELS))) == allowed


def test_a_registry_of_models_elsewhere_would_be_found(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "registry.py").write_text('OUTCOMES = {"cure": 1}\n', "utf-8")
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)
    assert list(_named({"cure"})) == [("registry.py", {"cure"})]


@pytest.mark.parametrize("name", MODELS)
def test_what_a_row_says_its_model_can_do_the_model_does(name: str) -> None:
    from mgbayes.models.model import Model

    row = MODELS[name]
    model = row.load()

    def has(member: str) -> bool:
        return getattr(model, member) is not getattr(Model, member)

    assert Model in model.__mro__
    assert has("with_printed_p") == row.paired_p
    assert has("printed_p") == bool(row.p_values or row.paired_p)
    assert has("log_likelihood") == bool(row.likelihood_of)
    assert row.likelihood_of <= set(row.parameters)
    assert has("simulate_patients") == row.takes_patients
    assert has("simulate") != row.patients_only
    assert has("curve") == has("curves")
    if row.takes_patients:
        assert has("from_patients")
