"""The methods section, made from what was run."""

from __future__ import annotations

from collections.abc import Iterator

from mgbayes.estimands.summary import PROB
from mgbayes.inference.diagnostics import DIAGNOSTICS
from mgbayes.models.catalogue import MODELS
from mgbayes.report import words
from mgbayes.report.document import Cite, Ref, Text, cite
from mgbayes.report.manuscript.bibliography import PAPER
from mgbayes.report.results import Reanalysis, provenance


def methods(reanalysis: Reanalysis) -> Iterator[Text]:
    """A paragraph each: evidence, models and priors, computation, sensitivity, verification, certainty."""
    yield _evidence(reanalysis)
    yield _models(reanalysis)
    yield _computation(reanalysis)
    yield _sensitivity(reanalysis)
    yield (
        "Every published claim was checked against the other published numbers, over the rounding of each, and every "
        "p value against the tests that could have given it. Means and SDs of whole numbers were checked for whether "
        "such data exist",
        cite("brown2017"),
        ". ",
        Ref("claims"),
        " has the verdicts. The certainty of the evidence was graded by rule in the manner of GRADE",
        cite("guyatt2008"),
        " (",
        Ref("findings"),
        ").",
    )


def _evidence(reanalysis: Reanalysis) -> Text:
    study = reanalysis.study
    if reanalysis.patients is not None:
        stands = (
            f"patient data ({reanalysis.patients.total} patients), compared with its published summaries"
            + (" (the patients are synthetic)" if reanalysis.patients.synthetic else "")
        )
    elif reanalysis.reconstructed:
        stands = "its published summaries and survival curves; no patient data were available"
    else:
        stands = "its published summaries; no patient data were available"
    return (
        "We re-analysed the study",
        cite(PAPER),
        f" from {stands}. {words.first_upper(study.contrast.label)} ({study.contrast.n} patients) was compared with "
        f"{study.reference.label} ({study.reference.n} patients), the reference. A Bayesian analysis was chosen "
        f"because it gives the probability that one arm does better, and by how much.{_latent(reanalysis)}",
    )


def _latent(reanalysis: Reanalysis) -> str:
    """How published means and SDs are evidence, where a fit takes them."""
    rows = [MODELS.get(fit.plan.model) for fit in reanalysis.fits if fit.evidence != "patients"]
    if not any(row is not None and row.takes_patients for row in rows):
        return ""
    return (
        " Published means and SDs enter the models exactly: patients' values are latent and constrained to reproduce "
        "them."
    )


def _models(reanalysis: Reanalysis) -> Text:
    listed = "; ".join(
        f"{words.first_lower(fits[0].plan.title)}: {fits[0].plan.model.replace('_', ' ')} model "
        f"({', '.join(dict.fromkeys(words.family(fit.family) for fit in fits))})"
        for fits in reanalysis.by_plan()
    )
    count = len({(fit.plan.id, name) for fit in reanalysis.fits for name in fit.priors})
    checked: Text = (
        "; what they expect of the published numbers is compared with these in ",
        Ref("predictive"),
    )
    return (
        f"{words.counted(len(reanalysis.by_plan()), 'analysis', 'analyses')} with "
        f"{words.counted(len(reanalysis.fits), 'fit')} in all ({listed}) can be found in ",
        Ref("models"),
        f". The {words.counted(count, 'prior')} suit the scale of each outcome (",
        Ref("priors"),
        ")",
        *(checked if any(fit.checks for fit in reanalysis.fits) else ()),
        ".",
    )


def _computation(reanalysis: Reanalysis) -> Text:
    source = provenance(reanalysis)
    samplings = [fit.plan.sampling_of(fit.family, patients=fit.used is not None) for fit in reanalysis.fits]
    chains = _span(row.chains for row in samplings)
    draws = _span(row.draws for row in samplings)
    tune = _span(row.tune for row in samplings)
    seeds = ", ".join(map(str, sorted({row.seed for row in samplings})))
    required = "; ".join(f"{row.label} {row.asked}" for row in DIAGNOSTICS)
    versions = ", ".join(f"{name} {version}" for name, version in source["versions"].items())
    return (
        "Posteriors were drawn with the No-U-Turn sampler",
        cite("hoffman2014"),
        " in nutpie on models written in PyMC",
        cite("abril2023"),
        f": {chains} chains of {draws} draws after {tune} tuning draws, seed {seeds}. Required of every parameter "
        f"and every estimand: {required}",
        cite("vehtari2021", "betancourt2016", "kumar2019"),
        f". {_failures(reanalysis)} (",
        Ref("diagnostics"),
        f"). Intervals are central {100 * PROB:.0f} % intervals around the posterior median. mgbayes "
        f"{source['mgbayes']}, Python {source['python']}, {versions}; ",
        Ref("software"),
        " has the seed of every fit.",
    )


def _failures(reanalysis: Reanalysis) -> str:
    """How many fits give no estimate, and why."""
    bad, fits = len(reanalysis.failed), len(reanalysis.fits)
    conflicting = sum(fit.agreement is not None and fit.agreement.share == 0 for fit in reanalysis.fits)
    text = (
        f"{bad} of {words.counted(fits, 'fit')} failed them and give no estimate"
        if bad
        else "No fit failed them"
    )
    if conflicting:
        text += f"; {words.counted(conflicting, 'fit')} had no draw in agreement with the reported p value"
    return text


def _sensitivity(reanalysis: Reanalysis) -> Text:
    if not reanalysis.summary_of_findings:
        return ("There was no main answer to repeat under other priors.",)
    parts: list[str | Cite | Ref] = [
        f"Each answer was repeated under {_repeated(reanalysis)}skeptical, enthusiastic, pessimistic and "
        "heavy-tailed priors of the effect",
        cite("zampieri2021"),
        " by Pareto smoothed importance sampling",
        cite("vehtari2024"),
        " of the draws; weights with k above 0.7 were not used (",
        Ref("robustness"),
        ").",
    ]
    if any(reanalysis.confounded(fit) for fit in reanalysis.fits):
        parts += [
            " Patients were not randomized; E-values",
            cite("vanderweele2017"),
            " say how strong an unmeasured confounder would have to be to explain an estimate.",
        ]
    benefit = reanalysis.overall
    if benefit is not None:
        parts += [
            f" Benefits of {len(benefit.contrasts)} main outcomes were combined in a random-effects model",
            cite("higgins2009"),
            f" on the scale of SDs, with a correlation of {benefit.correlation:g} between their estimates that is "
            "assumed (",
            Ref("overall"),
            ").",
        ]
    return tuple(parts)


def _repeated(reanalysis: Reanalysis) -> str:
    """What else was varied, where anything was."""
    several = any(len({fit.family for fit in fits}) > 1 for fits in reanalysis.by_plan())
    kinds = {
        "every distribution": several,
        "with the reported p values as evidence": any(fit.agreement is not None for fit in reanalysis.fits),
        "with each suspected misprint replaced": any(fit.alternative for fit in reanalysis.fits),
    }
    varied = [kind for kind, is_varied in kinds.items() if is_varied]
    return f"{', '.join(varied)}, and under " if varied else ""


def _span(values: Iterator[int]) -> str:
    distinct = sorted(set(values))
    return str(distinct[0]) if len(distinct) == 1 else f"{distinct[0]} to {distinct[-1]}"
