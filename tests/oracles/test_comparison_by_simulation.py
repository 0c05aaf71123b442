"""Methods on many studies at once, against the same tests of other libraries on one study at a time."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import survdiff

from mgbayes.comparison import times, values
from mgbayes.comparison.answers import Answers, Method
from mgbayes.comparison.bayesian_times import LEVEL_PRIOR, SHAPE_PRIOR
from mgbayes.comparison.blocks import Work
from mgbayes.comparison.run import compare
from mgbayes.comparison.simulated import METHODS, SEED, Sums, measures, simulate
from mgbayes.comparison.truths import TimesTruth, ValuesTruth
from mgbayes.frequentist import two_by_two
from mgbayes.frequentist.log_rank import log_rank_permutation
from mgbayes.frequentist.samples import FollowUp

M, N, STUDIES = 9, 8, 25


def _some(kind: type, *names: str) -> dict[str, Method]:
    return {name: METHODS[kind][name] for name in names}


@pytest.fixture(scope="module", name="followed")
def _followed() -> tuple[np.ndarray, np.ndarray, times.Studies]:
    rng = np.random.default_rng(7)
    time = rng.weibull(1.3, (STUDIES, M + N))
    time[:, M:] *= 1.6
    left = rng.uniform(0.4, 1.6, time.shape)
    seen, event = np.minimum(time, left), time <= left
    return seen, event, times.Studies.of(seen, event, M, 0.7)


ARM = np.arange(M + N) >= M


def test_log_rank_and_gehan_are_those_of_statsmodels(followed: tuple) -> None:
    seen, event, studies = followed
    for name, method, kind in (("log_rank", times.log_rank, None), ("gehan", times.gehan, "gb")):
        found = method(studies)
        for i in range(STUDIES):
            _, p = survdiff(seen[i], event[i].astype(int), ARM.astype(int), weight_type=kind)
            assert found.p[i] == pytest.approx(p, abs=1e-10), name


def test_log_rank_by_permutation_is_near_the_one_over_more_rearrangements(followed: tuple) -> None:
    """999 rearrangements have a standard error of 0.016 at most."""
    seen, event, studies = followed
    found = times.log_rank_permutation(studies)
    for i in range(0, STUDIES, 5):
        expected = log_rank_permutation(FollowUp(seen[i], event[i], ARM)).p
        assert expected is not None
        assert found.p[i] == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / 999) + 2e-3)


def test_cox_is_that_of_statsmodels(followed: tuple) -> None:
    seen, event, studies = followed
    wald, ratio = times.cox_wald(studies), times.cox_likelihood_ratio(studies)
    for i in range(STUDIES):
        model = PHReg(seen[i], ARM.astype(float)[:, None], status=event[i].astype(int))
        fit = model.fit()
        assert wald.estimate is not None
        if abs(fit.params[0]) > 12:  # the likelihood rises without end
            assert np.isnan(wald.p[i])
            continue
        assert wald.estimate[i] == pytest.approx(fit.params[0], abs=1e-6)
        assert wald.p[i] == pytest.approx(fit.pvalues[0], abs=1e-6)
        gain = 2 * (model.loglike(fit.params) - model.loglike(np.zeros(1)))
        assert ratio.p[i] == pytest.approx(stats.chi2.sf(gain, 1), abs=1e-6)


def test_firth_is_the_top_of_the_penalized_partial_likelihood(followed: tuple) -> None:
    _, _, studies = followed
    found = times.cox_firth(studies)
    assert found.estimate is not None
    grid = np.linspace(-8, 8, 3201)
    for i in range(0, STUDIES, 6):
        one = times.Studies(*(x[i : i + 1] for x in (studies.time, studies.event, studies.contrast)), 0.7)
        at_risk, ours = np.arange(M + N, 0, -1), np.cumsum(one.contrast[0][::-1])[::-1]
        values_at = []
        for beta in grid:
            odds = ours * np.exp(beta)
            p = odds / (at_risk - ours + odds)
            log_p = np.where(one.contrast[0] == 1, beta, 0.0) - np.log(at_risk - ours + odds)
            information = (one.event[0] * p * (1 - p)).sum()
            values_at.append((one.event[0] * log_p).sum() + np.log(information) / 2)
        best = int(np.argmax(values_at))
        assert found.estimate[i] == pytest.approx(grid[best], abs=0.01)
        null = values_at[int(np.argmin(np.abs(grid)))]
        assert found.p[i] == pytest.approx(stats.chi2.sf(2 * (values_at[best] - null), 1), abs=1e-3)


def test_where_events_are_of_one_arm_alone_only_wald_has_no_answer() -> None:
    time = np.arange(1.0, 9.0)[None]
    event = np.array([[1, 1, 1, 1, 0, 0, 0, 0]])
    studies = times.Studies.of(time, event, 4, 4.0)
    assert np.isnan(times.cox_wald(studies).p[0])
    assert np.isnan(times.weibull(studies).p[0])
    assert 0 < times.cox_likelihood_ratio(studies).p[0] < 0.05
    firth = times.cox_firth(studies)
    assert firth.estimate is not None
    assert -8 < firth.estimate[0] < 0


def test_weibull_is_the_maximum_of_its_likelihood(followed: tuple) -> None:
    """SciPy's optimizer and a numerical Hessian, in log shape, log rate and log hazard ratio."""
    seen, event, studies = followed
    found = times.weibull(studies)
    for i in range(0, STUDIES, 6):

        def loss(theta: np.ndarray, i: int = i) -> float:
            k, rate = np.exp(theta[0]), theta[1] + theta[2] * ARM
            log_hazard = rate + np.log(k) + (k - 1) * np.log(seen[i])
            return float(-(event[i] * log_hazard).sum() + (np.exp(rate) * seen[i] ** k).sum())

        from scipy.optimize import minimize
        from statsmodels.tools.numdiff import approx_hess

        best = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-8})
        error = np.sqrt(np.linalg.inv(approx_hess(best.x, loss))[2, 2])
        assert found.estimate is not None
        assert found.low is not None
        assert found.estimate[i] == pytest.approx(best.x[2], abs=1e-4)
        assert (found.estimate[i] - found.low[i]) / 1.959964 == pytest.approx(error, rel=1e-3)


def _area(time: np.ndarray, event: np.ndarray, horizon: float) -> tuple[float, float]:
    """The area under statsmodels' curve up to a horizon, and its standard error by Greenwood."""
    curve = sm.SurvfuncRight(time, event.astype(int))
    ends = np.r_[curve.surv_times[curve.surv_times < horizon], horizon]
    steps = np.r_[1.0, curve.surv_prob[curve.surv_times < horizon]]
    areas = steps * np.diff(np.r_[0.0, ends])
    variance = 0.0
    for k in range(len(ends) - 1):
        risk, died = curve.n_risk[k], curve.n_events[k]
        if risk > died:
            variance += areas[k + 1 :].sum() ** 2 * died / (risk * (risk - died))
    return float(areas.sum()), float(np.sqrt(variance))


def test_restricted_means_and_survival_are_those_of_each_arm(followed: tuple) -> None:
    seen, event, studies = followed
    found, alive = times.restricted_mean(studies), times.survival(studies)
    assert found.estimate is not None
    assert found.low is not None
    assert alive.estimate is not None
    for i in range(STUDIES):
        (one, e), (other, f) = (_area(seen[i][rows], event[i][rows], 0.7) for rows in (~ARM, ARM))
        assert found.estimate[i] == pytest.approx(other - one, abs=1e-10)
        assert (found.estimate[i] - found.low[i]) / 1.959964 == pytest.approx(np.hypot(e, f), rel=1e-5)
        curves = [sm.SurvfuncRight(seen[i][rows], event[i][rows].astype(int)) for rows in (~ARM, ARM)]
        left = [
            float(np.append(1.0, c.surv_prob)[np.searchsorted(c.surv_times, 0.7, "right")]) for c in curves
        ]
        assert alive.estimate[i] == pytest.approx(left[1] - left[0], abs=1e-10)
        errors = [
            float(np.append(0.0, c.surv_prob_se)[np.searchsorted(c.surv_times, 0.7, "right")]) for c in curves
        ]
        if np.hypot(*errors) > 0:
            assert alive.p[i] == pytest.approx(
                2 * stats.norm.sf(abs(left[0] - left[1]) / np.hypot(*errors)), abs=1e-8
            )


def test_counts_are_looked_up(followed: tuple) -> None:
    _, event, studies = followed
    found = times.seen_at_all("fisher")(studies)
    for i in range(STUDIES):
        table = two_by_two.Table(int(event[i][ARM].sum()), N, int(event[i][~ARM].sum()), M)
        assert found.p[i] == pytest.approx(two_by_two.TESTS[2](table), abs=1e-12)


@pytest.fixture(scope="module", name="measured", params=[False, True], ids=["continuous", "with ties"])
def _measured(request: pytest.FixtureRequest) -> values.Studies:
    rng = np.random.default_rng(3)
    before = rng.lognormal(3, 0.4, (STUDIES, M + N))
    after = 0.4 * before + rng.lognormal(2, 0.7, before.shape)
    return values.Studies(before, np.round(after / 5) * 5 if request.param else after, M)


def test_tests_of_values_are_those_of_scipy_and_statsmodels(measured: values.Studies) -> None:
    it = {name: method.answer(measured) for name, method in values.METHODS.items()}
    for i in range(STUDIES):
        one, other, before = measured.value[i, :M], measured.value[i, M:], measured.baseline[i]
        assert it["student"].p[i] == pytest.approx(stats.ttest_ind(other, one).pvalue, abs=1e-10)
        theirs = stats.ttest_ind(other, one, equal_var=False)
        low, high = theirs.confidence_interval(0.95)
        welch = it["welch"]
        assert welch.low is not None
        assert welch.high is not None
        assert (welch.p[i], welch.low[i], welch.high[i]) == pytest.approx(
            (theirs.pvalue, low, high), abs=1e-9
        )
        ties = len(np.unique(measured.value[i])) < M + N
        rank = stats.mannwhitneyu(other, one, method="asymptotic" if ties else "exact")
        assert it["mann_whitney"].p[i] == pytest.approx(rank.pvalue, abs=1e-10)
        assert it["brunner_munzel"].p[i] == pytest.approx(stats.brunnermunzel(other, one).pvalue, abs=1e-10)
        logs = stats.ttest_ind(np.log1p(other), np.log1p(one), equal_var=False)
        assert it["log_t"].p[i] == pytest.approx(logs.pvalue, abs=1e-10)
        moved = measured.value[i] - before
        gained = stats.ttest_ind(moved[M:], moved[:M], equal_var=False)
        assert it["change"].p[i] == pytest.approx(gained.pvalue, abs=1e-10)
        design = np.column_stack([np.ones(M + N), ARM, before])
        fit = sm.OLS(measured.value[i], design).fit()
        ours = it["covariance"]
        assert ours.low is not None
        assert ours.p[i] == pytest.approx(fit.pvalues[1], abs=1e-9)
        assert ours.low[i] == pytest.approx(fit.conf_int()[1][0], abs=1e-8)


def test_rearranged_means_are_near_scipys(measured: values.Studies) -> None:
    found = values.permutation(measured)
    for i in range(0, STUDIES, 5):

        def gap(x: np.ndarray, y: np.ndarray, axis: int = -1) -> np.ndarray:
            return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis))

        sample = (measured.value[i, M:], measured.value[i, :M])
        p = stats.permutation_test(
            sample, gap, alternative="greater", n_resamples=9999, vectorized=True, rng=1
        ).pvalue
        assert found.p[i] == pytest.approx(p, abs=4 * np.sqrt(p * (1 - p) / 999) + 2e-3)


def test_the_bayesian_difference_is_of_two_t(measured: values.Studies) -> None:
    """200 000 draws: a share has a standard error of 0.0011 at most."""
    found = values.bayesian_normal(measured)
    rng = np.random.default_rng(2)
    one, other = rng.standard_t(M - 1, 200_000), rng.standard_t(N - 1, 200_000)
    assert found.low is not None
    assert found.high is not None
    for i in range(0, STUDIES, 4):
        means, sds = [x[i] for x in measured.means], [np.sqrt(x[i]) for x in measured.variances]
        gap = means[1] - means[0] + sds[1] / np.sqrt(N) * other - sds[0] / np.sqrt(M) * one
        above = (gap > 0).mean()
        assert found.p[i] == pytest.approx(2 * min(above, 1 - above), abs=0.006)
        assert (gap < found.low[i]).mean() == pytest.approx(0.025, abs=0.002)
        assert (gap > found.high[i]).mean() == pytest.approx(0.025, abs=0.002)


def test_logs_of_negative_values_are_no_answer() -> None:
    studies = values.Studies(np.ones((1, 4)), np.array([[-1.0, 2.0, 3.0, 4.0]]), 2)
    assert np.isnan(values.log_t(studies).p[0])


@pytest.mark.parametrize(
    "truth", [TimesTruth(0.33, 1.5), TimesTruth(0.33, 0.7, "late"), TimesTruth(2.0, kind="crossing")]
)
def test_times_have_the_hazards_that_their_scenario_says(truth: TimesTruth) -> None:
    """Shares free of the event at four times, of 40 000 patients an arm, and the hazard after time 1."""
    studies = truth.draw(np.random.default_rng(1), 400, 100, 100).studies
    for arm in (0, 1):
        for t in (0.3, 0.6, 0.9, 0.99):  # everyone is followed for longer
            mine = studies.contrast == arm
            share = ((studies.time > t) & mine).sum() / mine.sum()
            hazard = np.log(2) * t**truth.shape
            ratio = truth.hazard_ratio if arm and truth.kind != "late" else 1.0
            assert share == pytest.approx(np.exp(-hazard * ratio), abs=4 * 0.0025)
    late = studies.time > 1
    after = late & (studies.event == 1) & (studies.contrast == 1)
    exposure = (np.maximum(studies.time, 1) ** truth.shape - 1)[
        (studies.contrast == 1) & late
    ].sum() * np.log(2)
    expected = {
        "throughout": truth.hazard_ratio,
        "late": truth.hazard_ratio,
        "crossing": 1 / truth.hazard_ratio,
    }
    assert after.sum() / exposure == pytest.approx(expected[truth.kind], rel=4 / np.sqrt(after.sum()))


def test_measured_outcomes_have_the_law_that_their_scenario_says() -> None:
    rng = np.random.default_rng(2)
    made = ValuesTruth(-0.5, "with zeros").draw(rng, 200, 100, 100).studies
    zeros = (made.value[:, :100] == 0).mean(), (made.value[:, 100:] == 0).mean()
    assert zeros == pytest.approx((0.3, stats.norm.cdf(stats.norm.ppf(0.3) + 0.5)), abs=4 * 0.0036)
    plain = ValuesTruth(1.0, sd_ratio=2.0).draw(rng, 200, 100, 100).studies
    assert plain.value[:, 100:].std() == pytest.approx(2, rel=0.03)
    assert np.corrcoef(plain.baseline[:, :100].ravel(), plain.value[:, :100].ravel())[0, 1] == pytest.approx(
        0.5, abs=0.03
    )


def test_figures_are_shares_of_the_studies_with_their_errors() -> None:
    truths = (TimesTruth(), TimesTruth(0.33, 1.5))
    found = simulate(
        truths,
        17,
        16,
        repetitions=1500,
        methods=_some(TimesTruth, "log_rank", "weibull", "restricted_mean"),
        work=Work(1, use_cache=False),
    ).dataset
    size, error = (
        float(found[name].sel(rule="log_rank")[0])
        for name in ("concludes_by_mistake", "concludes_by_mistake_mcse")
    )
    assert error == pytest.approx(np.sqrt(size * (1 - size) / 1500))
    # McNemar's variance: studies in which one of two methods concludes and the other does not.
    drawn = truths[0].draw(np.random.default_rng([SEED, 0]), 1000, 17, 16).studies
    more = truths[0].draw(np.random.default_rng([SEED, 1]), 500, 17, 16).studies
    one, other = (
        np.concatenate([METHODS[TimesTruth][name].answer(part).p <= 0.05 for part in (drawn, more)]).astype(
            float
        )
        for name in ("log_rank", "weibull")
    )
    paired = float(found["difference_mcse"].sel(rule="log_rank", other="weibull")[0])
    assert paired == pytest.approx(float((one - other).std() / np.sqrt(1500)))
    assert 0 < paired < error
    # A log-rank test of 33 patients keeps its level nearly.
    assert size == pytest.approx(0.05, abs=4 * 0.0056 + 0.005)
    assert float(found["coverage"].sel(rule="weibull")[1]) == pytest.approx(0.95, abs=0.03)
    assert np.isnan(found["coverage"].sel(rule="restricted_mean")).all()


@pytest.mark.parametrize(
    ("bias", "sd", "coverage", "errors"),
    [
        (0.0168, 0.1511, 0.943, (0.0048, 0.0034, 0.0073)),
        (0.0009, 0.1320, 0.949, (0.0042, 0.0030, 0.0070)),
        (-0.0012, 0.1344, 0.943, (0.0043, 0.0030, 0.0073)),
    ],
)
def test_monte_carlo_errors_are_those_that_rsimsum_publishes(
    bias: float, sd: float, coverage: float, errors: tuple
) -> None:
    """Its example of missing data, 1000 studies, true value 0.5, three methods: Gasparini (2018), JOSS 3:739."""
    n = 1000
    sums = Sums(n, n, estimated=n, covered=round(n * coverage), away=n * bias)
    sums += Sums(away_squared=(n - 1) * sd**2 + n * bias**2)
    found = measures(sums, TimesTruth(np.exp(0.5)))
    assert (found["bias"], found["empirical_se"], found["coverage"]) == pytest.approx((bias, sd, coverage))
    names = ("bias_mcse", "empirical_se_mcse", "coverage_mcse")
    assert tuple(round(found[name], 4) for name in names) == errors


def test_student_keeps_its_level_where_its_assumptions_hold() -> None:
    found = simulate(
        (ValuesTruth(),),
        17,
        16,
        repetitions=4000,
        methods=_some(ValuesTruth, "student", "covariance"),
        work=Work(1, use_cache=False),
    ).dataset
    for name in ("student", "covariance"):
        assert float(found["concludes_by_mistake"].sel(rule=name)[0]) == pytest.approx(0.05, abs=4 * 0.00345)


@pytest.mark.long
def test_tables_are_the_same_for_any_number_of_processes_and_from_what_was_kept(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("MGBAYES_CACHE", str(tmp_path))
    truths = (ValuesTruth(), ValuesTruth(-1.0, "skewed"))
    some = _some(ValuesTruth, "welch", "bayesian_normal_usual", "bayesian_share_at_zero")
    one = simulate(truths, 9, 8, repetitions=1200, methods=some, work=Work(1))
    kept = {path: path.stat().st_mtime_ns for path in (tmp_path / "comparisons").iterdir()}
    assert len(kept) == 4
    two = simulate(truths, 9, 8, repetitions=1200, methods=some, work=Work(2))
    assert one.dataset.identical(two.dataset)
    fresh = simulate(truths, 9, 8, repetitions=1200, methods=some, work=Work(2, use_cache=False))
    assert one.dataset.identical(fresh.dataset)
    assert kept == {path: path.stat().st_mtime_ns for path in (tmp_path / "comparisons").iterdir()}


def test_bayesian_weibull_is_the_integral_over_a_grid(followed: tuple) -> None:
    """Level, log shape and log hazard ratio on a fine grid; P of 1024 Sobol points is within 0.01."""
    _, _, studies = followed
    a = np.linspace(-5, 4, 73)[:, None, None, None]
    log_shape = np.linspace(-1.5, 1.8, 67)[None, :, None, None]
    beta = np.linspace(-5, 5, 121)[None, None, :, None]
    means = (LEVEL_PRIOR[0], SHAPE_PRIOR[0], 0.0)
    prior = [
        -(((x - mean) / sd) ** 2) / 2
        for x, mean, sd in zip(
            (a, log_shape, beta), means, (LEVEL_PRIOR[1], SHAPE_PRIOR[1], 1.0), strict=True
        )
    ]
    for name, sd in (("usual", 1.0), ("skeptical_moderate", 0.355)):
        found = METHODS[TimesTruth][f"bayesian_weibull_{name}"].answer(studies)
        assert found.low is not None
        assert found.high is not None
        for i in range(0, STUDIES, 4):
            shape, t = np.exp(log_shape), studies.time[i]
            level = a + (studies.contrast[i] - 0.5) * beta
            log_density = (studies.event[i] * (level + log_shape + (shape - 1) * np.log(t))).sum(-1)
            log_density = log_density - (np.exp(level) * t**shape).sum(-1)
            log_density = log_density + sum(prior)[..., 0] + (beta**2 / 2 - beta**2 / (2 * sd**2))[..., 0]
            density = np.exp(log_density - log_density.max()).sum((0, 1))
            below = np.cumsum(density / density.sum()) - density / density.sum() / 2
            above = 1 - np.interp(0.0, beta.ravel(), below)
            assert found.p[i] == pytest.approx(2 * min(above, 1 - above), abs=0.01)
            low, high = (np.interp(q, below, beta.ravel()) for q in (0.025, 0.975))
            assert (found.low[i], found.high[i]) == pytest.approx((low, high), abs=0.04 * (high - low))


def test_a_tenth_in_the_wrong_arm_thins_the_effect_and_shorter_follow_up_misleads_counts_alone() -> None:
    truths = (TimesTruth(0.33, 1.5), TimesTruth(0.33, 1.5, misclassified=0.1), TimesTruth(shorter=True))
    found = simulate(
        truths,
        17,
        16,
        repetitions=2000,
        methods=_some(TimesTruth, "log_rank", "fisher"),
        work=Work(1, use_cache=False),
    ).dataset
    power = found["power"].sel(rule="log_rank").to_numpy()
    assert power[1] < power[0] - 0.1
    by_mistake = found["concludes_by_mistake"].isel(scenario=2)
    assert float(by_mistake.sel(rule="log_rank")) < 0.05 + 4 * 0.0049 + 0.01
    assert float(by_mistake.sel(rule="fisher")) > 0.15


def test_a_share_in_the_wrong_arm_moves_means_by_as_much() -> None:
    made = ValuesTruth(-1.0, misclassified=0.1).draw(np.random.default_rng(4), 200, 100, 100).studies
    assert made.value[:, :100].mean() == pytest.approx(-0.1, abs=4 * 0.0075)
    assert made.value[:, 100:].mean() == pytest.approx(-0.9, abs=4 * 0.0075)


def test_a_method_of_ones_own_is_a_function_and_a_row() -> None:
    """A test that always concludes that the contrast arm has the higher values; and one that never answers."""

    def sure(studies: values.Studies) -> Answers:
        return Answers(np.zeros(len(studies)), np.ones(len(studies)))

    def silent(studies: values.Studies) -> Answers:
        return Answers(np.full(len(studies), np.nan), np.zeros(len(studies)))

    own = {"sure": Method("Sure", sure), "silent": Method("Silent", silent)}
    found = compare(
        arms=(5, 6), repetitions=100, methods=("welch", "sure", "silent"), own_values=own, work=Work(1)
    )
    assert found.times is None
    assert found.values is not None
    data = found.values.dataset
    assert set(data["rule"].to_numpy()) == {"welch", "sure", "silent"}
    lower = [j for j, truth in enumerate(found.values.truths) if truth.effect < 0]
    assert (data["wrong_side"].sel(rule="sure")[lower] == 1).all()
    assert (data["no_answer"].sel(rule="silent") == 1).all()
    assert (data["concludes_by_mistake"].sel(rule="sure")[:4] == 1).all()


def test_where_each_study_has_its_own_effect_the_posterior_means_what_it_says() -> None:
    """Log hazard ratios Normal(0, 1): the usual prior. Shares of 3000 studies are within 4 Monte Carlo errors."""
    truth = TimesTruth(effect_sd=1.0)
    chosen = {name: METHODS[TimesTruth][name] for name in ("bayesian_weibull_usual", "fisher")}
    found = simulate([truth], 17, 16, repetitions=3000, methods=chosen, work=Work(1, use_cache=False)).dataset
    assert float(found["coverage"].sel(rule="bayesian_weibull_usual")[0]) == pytest.approx(
        0.95, abs=4 * 0.004 + 0.01
    )
    weight, stated, true = (
        found[f"calibration_{name}"].isel(scenario=0).sel(rule="bayesian_weibull_usual").to_numpy()
        for name in ("weight", "stated", "true")
    )
    assert weight.sum() == 3000
    seen = weight > 50
    share = true[seen] / weight[seen]
    error = np.sqrt(np.maximum(share * (1 - share), 0.01) / weight[seen])
    assert (np.abs(share - stated[seen] / weight[seen]) < 4 * error).all()
