"""The tables of a re-analysis as a reader sees them: the page and the manuscript show the same values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mgbayes.estimands.summary import PROB
from mgbayes.inference.diagnostics import DIAGNOSTICS
from mgbayes.inference.fit import Fit
from mgbayes.report import robustness_words, words
from mgbayes.report.document import Column, Table
from mgbayes.report.overall_words import overall_rows
from mgbayes.report.results import Reanalysis, provenance
from mgbayes.study.load import embedded_studies
from mgbayes.verification.result import ClaimResult, TestResult


def models(reanalysis: Reanalysis) -> Table:
    """Which analyses were made, of which question."""
    return Table(
        "models",
        "Analyses: the question, the model with its distribution, and the evidence.",
        (
            Column("Analysis", 1.4),
            Column("Question", 2),
            Column("Model", 1.4),
            Column("Distribution and evidence", 2.6),
        ),
        tuple(
            (fit.plan.title, fit.plan.question, fit.plan.model.replace("_", " "), words.model_of(fit))
            for fit in reanalysis.fits
        ),
    )


def estimands(
    reanalysis: Reanalysis, fits: Sequence[Fit] | None = None, *, of_arms: bool | None = None
) -> Table:
    """Every estimand in every analysis; of those fits, or those that compare arms (or patients of one arm)."""
    rows = [
        (fit, row)
        for fit in (reanalysis.fits if fits is None else fits)
        for row in reanalysis.summaries(fit)
        if of_arms is None or row.estimand.of_arms is of_arms
    ]
    among = "Among patients of the same arm" if of_arms is False else "Every estimand in every analysis"
    return Table(
        "estimands",
        f"{among}: {words.interval_kind()}, P(benefit) and P(important benefit) for "
        f"{reanalysis.study.contrast.label}, effective sample sizes (ESS).",
        (
            Column("Estimand", 2.4),
            Column("Analysis", 2),
            Column("Median (95 %)", 1.7, numeric=True),
            Column("P(above no difference)" if of_arms is False else "P(benefit)", 1, numeric=True),
            Column("P(important)", 1.3, numeric=True),
            Column("ESS bulk, tail", 1, numeric=True),
        ),
        tuple(
            (
                words.first_upper(row.estimand.label),
                words.model_of(fit),
                words.interval(row),
                words.chance(row.p_above_null if of_arms is False else row.p_benefit),
                words.important(row),
                f"{row.ess_bulk:.0f}, {row.ess_tail:.0f}",
            )
            for fit, row in rows
        ),
    )


def robustness(reanalysis: Reanalysis) -> Table:
    """What the main answers depend on."""
    return Table(
        "robustness",
        "Range of P(benefit) over all analyses and reference priors, and what they conclude.",
        (Column("Estimand", 2.2), Column("Range of P(benefit)", 1.2, numeric=True), Column("Conclusion", 3)),
        tuple(
            (
                words.first_upper(row.summary.estimand.label),
                robustness_words.chance_range(row.robustness),
                robustness_words.verdict(row.robustness),
            )
            for row in reanalysis.summary_of_findings
        ),
        note="Analyses: every distribution, kind of evidence and suspected misprint; skeptical, enthusiastic, "
        "pessimistic and heavy-tailed priors of the effect reweight the draws. They are not equally credible. "
        "Too close to call: within two Monte Carlo standard errors of the probability asked.",
    )


def priors(reanalysis: Reanalysis) -> Table:
    """Every prior once for each analysis and distribution."""
    rows = dict.fromkeys(
        (
            fit.plan.title,
            words.family(fit.family),
            name,
            prior.call(),
            _central(prior.interval(PROB)),
            prior.why,
        )
        for fit in reanalysis.fits
        for name, prior in fit.priors.items()
    )
    return Table(
        "priors",
        "Prior distributions.",
        (
            Column("Analysis", 1.3),
            Column("Distribution", 1.3),
            Column("Parameter", 1.3),
            Column("Prior", 1.2),
            Column("Central 95 %", 1, numeric=True),
            Column("Why", 2.6),
        ),
        tuple(rows),
    )


def diagnostics(reanalysis: Reanalysis) -> Table:
    """The diagnostics of every fit, the failed ones too."""
    return Table(
        "diagnostics",
        "Diagnostics of every fit; one that fails any of them gives no estimate.",
        (
            Column("Fit", 3),
            Column("Status", 0.7),
            *(
                Column(f"{words.first_upper(row.label)} ({row.asked})", 1, numeric=True)
                for row in DIAGNOSTICS
            ),
        ),
        tuple(
            (
                f"{fit.plan.title}, {words.model_of(fit)}",
                str(fit.status),
                *(fit.diagnostics.shown(row) for row in DIAGNOSTICS),
            )
            for fit in reanalysis.fits
        ),
        note=f"Largest Monte Carlo standard error of a posterior probability: {worst_mcse(reanalysis)}.",
    )


def predictive(reanalysis: Reanalysis) -> Table:
    """What each fit expects of the published numbers, before and after the data."""
    arms = {
        "reference": reanalysis.study.reference.label,
        "contrast": reanalysis.study.contrast.label,
        "all": "both arms",
    }
    seen = "From the patients" if reanalysis.patients else "Published"
    return Table(
        "predictive",
        "Predictive checks: median and central 95 % of each reported number, before the data (prior) and after "
        "(posterior).",
        (
            Column("Analysis", 2),
            Column("Number", 2),
            Column(seen, 0.9, numeric=True),
            Column("Prior predictive", 1.5, numeric=True),
            Column("Posterior predictive", 1.5, numeric=True),
            Column("Inside", 0.6),
        ),
        tuple(
            (
                f"{fit.plan.title}, {words.model_of(fit)}",
                f"{row.quantity}, {arms[row.arm]}" + (f" ({row.unit})" if row.unit else ""),
                words.number(row.printed),
                _three(row.prior),
                _three(row.posterior),
                "yes" if row.inside else "no",
            )
            for fit in reanalysis.fits
            for row in fit.checks
        ),
    )


def claims(reanalysis: Reanalysis) -> Table:
    """Every published claim with its verdict."""
    return Table(
        "claims",
        "Every published claim, what became of it, and the tests that reproduce its p value.",
        (
            Column("Claim", 2),
            Column("Published", 1.8),
            Column("p", 0.7, numeric=True),
            Column("Verdict", 0.9),
            Column("Reproduced by, and notes", 3.2),
        ),
        tuple(
            (
                f"{row.what} ({row.id}; source {', '.join(row.source)})",
                row.printed,
                row.p_printed or "",
                str(row.verdict).replace("_", " "),
                " ".join(claim_notes(row)),
            )
            for row in reanalysis.ledger.claims
        ),
    )


def published_use(reanalysis: Reanalysis) -> Table:
    """Which published numbers the models use, and why not the others."""
    claims = {row.id: row for row in reanalysis.ledger.claims}
    titles = {fit.plan.id: fit.plan.title for fit in reanalysis.fits}
    return Table(
        "published_use",
        "Published numbers: the models that use them, or why none does.",
        (Column("Claim", 2), Column("Published", 2), Column("Used by, or why not", 3)),
        tuple(
            (
                f"{claims[row.claim].what} ({row.claim})",
                claims[row.claim].printed,
                "; ".join(titles[plan] for plan in row.plans) or f"not used: {row.why_not}",
            )
            for row in reanalysis.published_use
        ),
    )


def reported_p(reanalysis: Reanalysis, *plan: str | None) -> Table:
    """Which reported p values are evidence: all, or those of one plan, or (None) of no plan."""
    rows = [row for row in reanalysis.reported_p if not plan or row.plan in plan]
    return Table(
        "reported_p",
        "Reported p values between the arms: which are evidence, and what each does or would do.",
        (
            Column("Claim", 2),
            Column("p", 0.7, numeric=True),
            Column("Used as evidence", 2),
            Column("Effect", 3),
        ),
        tuple(
            (
                f"{row.what} ({row.claim})",
                row.p,
                f"yes, as {' and '.join(row.used)}" if row.used else f"no: {row.why_not}",
                row.effect or "",
            )
            for row in rows
        ),
    )


def overall(reanalysis: Reanalysis) -> Table:
    """All main outcomes together, with one thing changed at a time."""
    return Table(
        "overall",
        "All main outcomes together, as assumed and with one thing changed at a time.",
        (
            Column("What is changed", 3),
            Column("P(mean benefit above zero)", 1, numeric=True),
            Column(
                f"P(at least all but one outcome favour {reanalysis.study.contrast.label})", 1.2, numeric=True
            ),
            Column("P(all do)", 1, numeric=True),
        ),
        tuple((row["change"], row["mean"], row["but_one"], row["all"]) for row in overall_rows(reanalysis)),
    )


def software(reanalysis: Reanalysis) -> Table:
    """What is needed to make the same numbers again."""
    source = provenance(reanalysis)
    rows = [
        ("Command", command(reanalysis)),
        ("mgbayes", str(source["mgbayes"])),
        ("Python", str(source["python"])),
        *((name, str(version)) for name, version in source["versions"].items()),
        ("Study file (SHA-256)", str(source["study_sha256"])),
        ("Source (SHA-256)", str(source["source_sha256"])),
        *((f"Seed of {name}", str(seed)) for name, seed in source["seeds"].items()),
    ]
    return Table(
        "software", "Software, versions and seeds.", (Column("What", 1), Column("Value", 2)), tuple(rows)
    )


def command(reanalysis: Reanalysis) -> str:
    """The command that makes the report."""
    study = reanalysis.study.id
    return (
        f"mgbayes reanalyze {study if study in embedded_studies() else f'{study}.toml'}"
        + (" --patients FILE" if reanalysis.patients else "")
        + (" --curves ENDPOINT=FILE" if reanalysis.reconstructed else "")
    )


def claim_notes(row: ClaimResult) -> Iterator[str]:
    """What reproduces a claim, the checks of its digits, notes, and what follows from reading it otherwise."""
    matching = [f"{test.label} ({p_range(test)})" for test in row.tests if test.matches]
    if matching:
        yield "; ".join(matching) + "."
    yield from (_ended(check.text) for check in row.checks)
    yield from map(_ended, row.notes)
    for other in row.alternatives:
        yield (
            f"Read as {other.name.replace('_', ' ')} ({other.why.rstrip('.')}): {other.result.printed}; "
            f"{str(other.result.verdict).replace('_', ' ')}."
        )


def p_range(test: TestResult) -> str:
    """The range of p over rounding and whatever is not published."""
    low, high = f"{test.p_low:.3g}", f"{test.p_high:.3g}"
    return f"p {low}" if low == high else f"p {low} to {high}"


def worst_mcse(reanalysis: Reanalysis) -> str:
    """The largest Monte Carlo standard error of a probability of benefit."""
    errors = [
        row.mcse_p_benefit
        for fit in reanalysis.fits
        for row in reanalysis.summaries(fit)
        if row.mcse_p_benefit is not None
    ]
    return f"{max(errors, default=0):.2g}"


def _central(around: tuple[float, float] | None) -> str:
    return "" if around is None else f"{words.number(around[0])} to {words.number(around[1])}"


def _three(values: tuple[float, float, float]) -> str:
    low, middle, high = map(words.number, values)
    return f"{middle} ({low} to {high})"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
