"""The files of a reference posterior, in the format of posteriordb (Magnusson et al. 2025, AISTATS).

posteriors/NAME.json                                          which data, which model
data/data/DATA.json.zip, data/info/DATA.info.json             the numbers that the model takes
models/pymc/MODEL.py, models/info/MODEL.info.json             mathematics, priors, and ``model(data)``
reference_posteriors/draws/{draws/NAME.json.zip,info/NAME.info.json}
reference_posteriors/summary_statistics/{mean,sd}/{mean,sd}/NAME.json
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mgbayes.inference.job import Job
from mgbayes.models.catalogue import MODELS
from tests.reference.cases import FOLDER, Case
from tests.reference.columns import Columns, Sampled, estimates

_EPOCH = (2026, 11, 29, 0, 0, 0)
"""Of every zipped file, so that the same content makes the same bytes."""
ADDED = {"added_by": "The mgbayes developers", "added_date": "2026-11-29"}
_MODEL = '''r"""{text}
"""

from pathlib import Path

from mgbayes.models.catalogue import MODELS
from mgbayes.models.plan_file import load_plan
from mgbayes.models.priors import Prior
from mgbayes.study.load import load_study

ROOT = Path(__file__).resolve().parents[3]
FAMILY = "{family}"
PRIORS = {{
{priors}}}
OUTCOME = MODELS["{model}"].of(load_study({study}), load_plan({plan}))


def model(data):
    """The PyMC model; data as they stand in the database, as arrays."""
    return OUTCOME.build(data, FAMILY, PRIORS)
'''


def draws_file(name: str) -> Path:
    """The draws of a posterior."""
    return FOLDER / "reference_posteriors" / "draws" / "draws" / f"{name}.json.zip"


def info_file(name: str) -> Path:
    """How they were made."""
    return FOLDER / "reference_posteriors" / "draws" / "info" / f"{name}.info.json"


def summary_file(name: str, statistic: str) -> Path:
    """``mean`` or ``sd`` of every column."""
    return FOLDER / "reference_posteriors" / "summary_statistics" / statistic / statistic / f"{name}.json"


def read_zipped(path: Path) -> Any:
    """The one JSON file of a zip file."""
    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        return json.loads(archive.read(name))


def read_draws(name: str) -> Columns:
    """The stored draws."""
    chains = read_zipped(draws_file(name))
    return {column: np.array([chain[column] for chain in chains], dtype=float) for column in chains[0]}


def read_model(case: Case) -> tuple[Any, dict[str, np.ndarray]]:
    """The stored model's text, run, and the stored data: what a stranger would sample."""
    data = read_zipped(FOLDER / "data" / "data" / f"{case.data}.json.zip")
    return run_text(case)["model"], {name: np.asarray(values) for name, values in data.items()}


def run_text(case: Case) -> dict[str, Any]:
    """What the model's text defines."""
    namespace: dict[str, Any] = {"__file__": str(model_file(case))}
    exec(compile(model_file(case).read_text(encoding="utf-8"), case.model, "exec"), namespace)
    return namespace


def model_file(case: Case) -> Path:
    """The model's text."""
    return FOLDER / "models" / "pymc" / f"{case.model}.py"


def write_inputs(case: Case, job: Job) -> None:
    """The data, the model and the posterior that joins them."""
    data = {name: np.asarray(values).tolist() for name, values in job.data.items()}
    _zipped(FOLDER / "data" / "data" / f"{case.data}.json.zip", data)
    files = [path for path in (case.study, case.patients) if path is not None]
    _json(
        FOLDER / "data" / "info" / f"{case.data}.info.json",
        {
            "name": case.data,
            "title": job.study.title,
            "description": f"Evidence of the model, made from {' and '.join(files)}",
            "data_file": f"data/data/{case.data}.json",
            "references": job.study.citation,
            **ADDED,
        },
    )
    model_file(case).parent.mkdir(parents=True, exist_ok=True)
    model_file(case).write_text(model_text(case, job), encoding="utf-8", newline="\n")
    implementation = {"model_code": f"models/pymc/{case.model}.py", "pymc_version": f">={version('pymc')}"}
    _json(
        FOLDER / "models" / "info" / f"{case.model}.info.json",
        {
            "name": case.model,
            "title": f"{MODELS[job.plan.model].module}, family {case.family}",
            "description": job.plan.question,
            "model_implementations": {"pymc": implementation},
            **ADDED,
        },
    )


def model_text(case: Case, job: Job) -> str:
    """The model's mathematics and priors, and the function that builds it."""
    module = import_module(MODELS[job.plan.model].module)
    priors = job.plan.prior_set(case.family, case.adjusted)
    lines = (
        f'    "{name}": Prior("{prior.form}", {prior.values!r}, {prior.why!r}),\n'
        for name, prior in priors.items()
    )
    return _MODEL.format(
        text=(module.__doc__ or "").strip(),
        family=case.family,
        model=job.plan.model,
        priors="".join(lines),
        study=_argument(case.study),
        plan=_argument(case.plan),
    )


def write_draws(case: Case, columns: Columns, found: Sampled, info: Mapping[str, Any]) -> None:
    """Draws, how they were made, and their means and SDs; the draws come last, since they say that all is there."""
    names = list(columns)
    diagnostics = {
        "diagnostic_information": {"names": names},
        "ndraws": int(next(iter(columns.values())).size),
        "nchains": len(next(iter(columns.values()))),
        "effective_sample_size_bulk": list(found.bulk.values()),
        "effective_sample_size_tail": list(found.tail.values()),
        "r_hat": list(found.r_hat.values()),
        **info["diagnostics"],
    }
    ordered = {"name": case.name, **info, "diagnostics": diagnostics, **ADDED}
    _json(info_file(case.name), ordered)
    known = estimates(columns)
    for statistic in ("mean", "sd"):
        values = {
            "names": names,
            statistic: [known[name, statistic].value for name in names],
            f"mcse_{statistic}": [known[name, statistic].error for name in names],
        }
        _json(summary_file(case.name, statistic), values)
    _json(
        FOLDER / "posteriors" / f"{case.name}.json",
        {
            "name": case.name,
            "title": case.title,
            "model_name": case.model,
            "data_name": case.data,
            "reference_posterior_name": case.name,
            "dimensions": dict.fromkeys(names, 1),
            **ADDED,
        },
    )
    chains = [
        {name: values[chain].tolist() for name, values in columns.items()}
        for chain in range(diagnostics["nchains"])
    ]
    _zipped(draws_file(case.name), chains)


def _argument(place: str) -> str:
    return f'ROOT / "{place}"' if "/" in place else f'"{place}"'


def _json(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")


def _zipped(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    entry = zipfile.ZipInfo(path.name.removesuffix(".zip"), _EPOCH)
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, text, zipfile.ZIP_DEFLATED, 9)
