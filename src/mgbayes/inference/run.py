"""From a job to a fit: build, compile, draw, condition, diagnose, keep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import xarray as xr

from mgbayes.inference.diagnostics import Diagnostics, Status, diagnose, nothing_to_diagnose
from mgbayes.inference.fit import Agreement, Fit
from mgbayes.inference.job import Job
from mgbayes.inference.leave_one_out import LeaveOneOut, leave_one_out
from mgbayes.inference.members import fit_members, member_jobs
from mgbayes.inference.predictive import curve_bands, predictive_checks, prior_bands
from mgbayes.inference.printed_p import agreeing, select
from mgbayes.inference.sample import compile_model, draw, other_coordinates, smaller_steps, swap
from mgbayes.inference.store import draws_path, fit_key, read_draws, write_draws
from mgbayes.models.catalogue import MODELS
from mgbayes.models.evidence import Evidence
from mgbayes.models.model import Model
from mgbayes.models.plan import Sampling
from mgbayes.models.priors import Prior

Say = Callable[[str], None]
Draws = tuple[xr.Dataset, xr.Dataset]
_TRIES = {
    "once more, with smaller steps": smaller_steps,
    "a last time, with yet smaller steps in other coordinates": other_coordinates,
}
_FEWEST = 10  # draws of each chain, below which there is nothing to summarize


@dataclass
class Fitter:
    """Makes fits, compiling each model once and refitting it by swapping its data.

    ``predictive`` is whether fits carry predictive checks, curves and leave-one-out, which many fits of a
    kind need not.
    """

    cores: int = 2
    use_cache: bool = True
    predictive: bool = True
    say: Say = lambda stage: None
    _compiled: dict[tuple[object, ...], Any] = field(default_factory=dict)
    _last: tuple[str, Draws] | None = None
    _last_p: tuple[str, xr.Dataset] | None = None
    _kept: tuple[str, Fit] | None = None

    def fit(self, job: Job) -> Fit:
        """Make one fit, or read it where the same one was made before.

        A fit that fails its diagnostics is tried again with smaller steps, and again with yet smaller ones in other
        coordinates; if those fail too, it is returned as failed, without estimands. Raises InputError when the study
        lacks what the plan needs.
        """
        if job.members:
            return fit_members(self, job)
        module, data, priors, sampling = self._asked(job)
        fit = self._attempt(job, module, data, priors, sampling)
        for again, changed in _TRIES.items():
            told = fit.agreement is not None and (fit.agreement.share == 0 or fit.agreement.by_tables)
            if fit.status is not Status.failed or told:
                break
            self.say(again)
            sampling = changed(sampling)
            fit = self._attempt(job, module, data, priors, sampling)
        return fit

    def remembered(self, job: Job) -> Fit:
        """A fit that several others start from, made or read at most once while it is the last one asked for."""
        key = self.key(job)
        if self._kept is None or self._kept[0] != key:
            self._kept = key, self.fit(job)
        return self._kept[1]

    def attempt(self, job: Job) -> Fit:
        """Make one fit, or read it, with no second try. Raises InputError as ``fit`` does."""
        return self._attempt(job, *self._asked(job))

    def key(self, job: Job) -> str:
        """A hash of everything that a fit follows from. Raises InputError as ``fit`` does."""
        _, data, priors, sampling = self._asked(job)
        return self._key(job, data, priors, sampling)

    def has(self, job: Job) -> bool:
        """Whether the same fit was made before and is kept."""
        if job.members:
            return all(map(self.has, member_jobs(job)))
        return self.use_cache and draws_path(self.key(job)).exists()

    def _asked(self, job: Job) -> tuple[Model, Evidence, dict[str, Prior], Sampling]:
        module = job.model
        sampling = job.plan.sampling_of(job.family, patients=job.patients is not None)
        if job.printed_p:
            update: dict[str, int] = {
                "draws": sampling.conditioning_draws,
                "max_depth": sampling.conditioning_max_depth,
            }
            sampling = sampling.model_copy(update=update)
        priors = job.plan.prior_set(job.family, job.adjusted)
        return module, job.data, priors, sampling

    def _attempt(
        self, job: Job, module: Model, data: Evidence, priors: dict[str, Prior], sampling: Sampling
    ) -> Fit:
        posterior, stats, agreement, key = self._conditioned(job, module, data, priors, sampling)
        enough = posterior.sizes["draw"] >= _FEWEST
        contrasts = module.estimands(posterior, data, job.family) if enough else xr.Dataset()
        self.say("checking the draws")
        looked_into = enough and self.predictive
        curve = module.curve if self.predictive else None
        rng = np.random.default_rng(sampling.seed)
        return Fit(
            plan=job.plan,
            family=job.family,
            evidence=job.evidence,
            alternative=job.alternative,
            priors=priors,
            declared=module.declared(data),
            data=data,
            posterior=posterior,
            contrasts=contrasts,
            sample_stats=stats,
            diagnostics=_diagnosed(posterior, contrasts, stats, sampling),
            key=key,
            agreement=agreement,
            checks=predictive_checks(module, rng, posterior, data, job.family, priors) if looked_into else (),
            curve=curve,
            curve_bands=curve_bands(module, posterior, data, job.family, curve) if curve and enough else None,
            prior_bands=prior_bands(module, rng, data, job.family, priors, curve) if curve else None,
            adjusted=job.adjusted,
            used=data.patients_used if job.patients is not None else None,
            leave_one_out=self._leave_one_out(job, module, posterior, data, priors),
            module=module,
        )

    def _leave_one_out(
        self, job: Job, module: Model, posterior: xr.Dataset, data: Evidence, priors: dict[str, Prior]
    ) -> LeaveOneOut | None:
        """How well each patient is foreseen; None where patients do not enter one by one."""
        if job.patients is None or data.row is None or not self.predictive:
            return None
        self.say("leaving each patient out")
        return leave_one_out(module.build(data, job.family, priors), posterior, data)

    def _conditioned(
        self, job: Job, module: Model, data: Evidence, priors: dict[str, Prior], sampling: Sampling
    ) -> tuple[xr.Dataset, xr.Dataset, Agreement | None, str]:
        """Posterior draws given all of a job's evidence, the statistics of all draws, and their key."""
        key = self._key(job, data, priors, sampling)
        kept = read_draws(key) if self.use_cache else None
        if kept is None:
            kept = self._drawn(job, module, data, priors, sampling)
            if self.use_cache:
                write_draws(key, *kept)
        posterior, stats = kept
        if not job.printed_p:
            return posterior, stats, None, key
        share, drawn, by_tables = (stats.attrs[f"agreeing_{name}"] for name in _AGREEING)
        return posterior, stats, Agreement(job.printed_p, float(share), int(drawn), bool(by_tables)), key

    def _key(self, job: Job, data: Evidence, priors: dict[str, Prior], sampling: Sampling) -> str:
        parts: dict[str, object] = {
            "model": job.plan.model,
            "family": job.family,
            "priors": {name: [prior.form, prior.values] for name, prior in priors.items()},
            "sampling": sampling.model_dump(),
            "printed_p": [
                [use.statistic, use.arm, job.study.claim(use.claim).p_by_source] for use in job.printed_p
            ],
        }
        if job.start is not None:
            parts["start"] = _values(_starting(job, priors))
        if not job.printed_p:
            return fit_key(parts, data)
        # What a p value says, and what tables are held to, stand in the study.
        parts["study"] = job.study.model_dump(mode="json")
        return fit_key(parts, data, "latent_cohort")

    def _drawn(
        self, job: Job, module: Model, data: Evidence, priors: dict[str, Prior], sampling: Sampling
    ) -> Draws:
        """Draws of the published evidence, and of a printed p where there is one.

        A p that is a smooth function enters the density (``with_printed_p``); any other is computed on each
        draw, and where hardly any agrees chains of tables are led to it. The share of draws that agree is always
        counted among those that have not seen the p.
        """
        if not job.printed_p:
            return self._sampled(job, module, data, priors, sampling)
        by_tables = self._by_tables(job)
        if by_tables is not None:
            return by_tables
        posterior, stats = self._sampled(job, module, data, priors, sampling)
        self.say("selecting draws that agree with the reported p")
        p = self._statistics(job, module, data, priors, sampling, posterior)
        agree = agreeing(job.study, job.printed_p, p)
        if MODELS[job.plan.model].paired_p:
            posterior, stats = self._sampled(job, module, job.with_printed_p(), priors, sampling)
        else:
            posterior = select(posterior, agree)
            # A divergence where no draw is kept says nothing about those that are, and slopes know nothing of the p.
            stats = stats.assign(diverging=stats["diverging"] & agree).drop_vars("slope")
        return posterior, _agreeing(stats, float(agree.mean()), agree.size)

    def _by_tables(self, job: Job) -> Draws | None:
        """Draws by chains of tables; None where there are none, or enough draws agree that some can be selected."""
        from mgbayes.latent_cohort.one_outcome import has_tables, led_to_p

        if not has_tables(job):
            return None
        plain = replace(job, printed_p=())
        asked = self._asked(plain)
        posterior, stats, _, _ = self._conditioned(plain, *asked)
        agree = agreeing(job.study, job.printed_p, self._statistics(plain, *asked, posterior))
        if agree.mean() >= Agreement.FEW_TO_SELECT:
            return None
        self.say("leading tables to the reported p")
        found = led_to_p(job)
        if found.posterior is None and (agree.any() or not found.climbs):
            return None
        if found.posterior is None:
            return posterior.isel(draw=slice(0)), _agreeing(stats, 0.0, agree.size, by_tables=True)
        return found.posterior, _agreeing(xr.Dataset(), found.share, agree.size, by_tables=True)

    def _statistics(
        self,
        job: Job,
        module: Model,
        data: Evidence,
        priors: dict[str, Prior],
        sampling: Sampling,
        posterior: xr.Dataset,
    ) -> xr.Dataset:
        """Every p of the model on each draw; kept at hand like the draws."""
        slot = self._key(replace(job, printed_p=()), data, priors, sampling)
        if self._last_p is None or self._last_p[0] != slot:
            rng = np.random.default_rng(sampling.seed)
            self._last_p = slot, module.printed_p(rng, posterior, data, job.family)
        return self._last_p[1]

    def _sampled(
        self, job: Job, module: Model, data: Evidence, priors: dict[str, Prior], sampling: Sampling
    ) -> Draws:
        """Draws from the sampler; the last ones are kept at hand, since several p are held against them."""
        slot = self._key(replace(job, printed_p=()), data, priors, sampling)
        if self._last is None or self._last[0] != slot:
            compiled = self._compiled_model(job, module, data, priors)
            self.say("drawing")
            self._last = slot, _possible(module, data, draw(compiled, sampling, cores=self.cores))
        return self._last[1]

    def _compiled_model(self, job: Job, module: Model, data: Evidence, priors: dict[str, Prior]) -> Any:
        """The model of a family for data of these shapes and names, and priors of these forms, with these numbers."""
        shapes = tuple(sorted((name, np.shape(values)) for name, values in data.items()))
        forms = tuple(sorted((name, prior.form) for name, prior in priors.items()))
        start = _starting(job, priors)
        # Names become those of variables and coordinates.
        names = tuple(
            sorted((name, tuple(np.ravel(v))) for name, v in data.items() if np.asarray(v).dtype.kind == "U")
        )
        slot = (
            job.plan.model,
            job.plan.cuts,
            job.family,
            shapes,
            names,
            forms,
            _values(start) if job.start else (),
        )
        if slot not in self._compiled:
            self.say("compiling")
            self._compiled[slot] = compile_model(module.build(data, job.family, start))
        numbers = {f"prior_{name}": np.asarray(prior.values, float) for name, prior in priors.items()}
        return swap(self._compiled[slot], {**data, **numbers})


_AGREEING = ("share", "drawn", "by_tables")


def _agreeing(stats: xr.Dataset, share: float, drawn: int, by_tables: bool = False) -> xr.Dataset:
    """What sampler statistics say besides of draws that agree with a reported p."""
    said = zip(_AGREEING, (share, drawn, int(by_tables)), strict=True)
    return stats.assign_attrs({f"agreeing_{name}": value for name, value in said})


def _diagnosed(
    posterior: xr.Dataset, contrasts: xr.Dataset, stats: xr.Dataset, sampling: Sampling
) -> Diagnostics:
    if "energy" not in stats:  # of a sampler without trajectories
        from mgbayes.latent_cohort.one_outcome import diagnose_tables

        return diagnose_tables(posterior, contrasts)
    shallow = sampling.max_depth < Sampling.model_fields["max_depth"].default
    if not contrasts.data_vars:
        return nothing_to_diagnose(stats, shallow=shallow)
    return diagnose(posterior, contrasts, stats, shallow=shallow)


def _possible(module: Model, data: Evidence, drawn: Draws) -> Draws:
    """The draws whose latent values can have been seen; the sampler sees a steep slope where there is a wall."""
    if "latent_time" not in drawn[0]:
        return drawn
    possible = module.admissible(drawn[0], data)
    if possible.all():
        return drawn
    return select(drawn[0], possible), select(drawn[1], possible)


def _starting(job: Job, priors: dict[str, Prior]) -> dict[str, Prior]:
    """The priors that a compiled model is built with."""
    if job.start is None:
        return priors
    return job.start.prior_set(job.family)


def _values(priors: dict[str, Prior]) -> tuple[tuple[str, tuple[float, ...]], ...]:
    return tuple(sorted((name, prior.values) for name, prior in priors.items()))
