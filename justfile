# One command for all gates: `uv run just`
gates: format lint types tests

format:
    ruff format --check .

lint:
    ruff check .

types:
    mypy

tests:
    pytest

# The tests that take ten seconds to minutes each
long:
    pytest -m long

# Published posteriors by the project's models: a table of how many Monte Carlo errors lie between
posteriors:
    python -m tests.oracles.published

# The project's reference posteriors: those that are missing; `python -m tests.reference --check` refits and compares
references:
    python -m tests.reference

# Figures by brute force, made anew: those that are stored must come out, to the last digit
rejections:
    python -m tests.oracles.make_rejection
    python -m tests.oracles.make_dose_rejection
    python -m tests.oracles.make_cohort_draws
    git diff --exit-code tests/oracles/stored

# Calibration given reported p values, on imputed patients, and of the cohort behind a paper: stored evidence, made anew
calibrations:
    python -m tests.calibration
    python -m tests.calibration.latent_cohort

# Refits and simulations that take hours together
evidence:
    pytest -m evidence

# 20 000 random study files, plans, spreadsheets and curves: none may end otherwise than in a message
fuzz:
    python -m tests.fuzz.run

# Deliberate faults, one at a time in a copy of the project: nine of ten must be noticed by its tests
mutants:
    python -m tests.mutants.run

# The documentation site, in site/
docs:
    sphinx-build --quiet --fail-on-warning --builder html docs site

# How long a fit takes, and the naive way beside it
bench:
    python benchmarks/fits.py
    python benchmarks/grid.py
