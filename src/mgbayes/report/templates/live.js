"use strict";
// Another prior, threshold or evidence: the stored draws are weighted by the ratio of the priors, with a Pareto tail.
// Pareto smoothed importance sampling: Vehtari et al. (2024), JMLR 25:72. Tail fit: Zhang and Stephens (2009),
// Technometrics 51:316.
const Live = (() => {
  const LEAST_TAIL = 2, NEARLY_ALL = 0.99, TRUSTED = 0.7, BINS = 160;

  const unpack = ({low, step, data}) => {
    const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0)), view = new DataView(bytes.buffer);
    return Float64Array.from({length: bytes.length / 2}, (_, i) => low + step * view.getUint16(2 * i, true));
  };

  const normal = (mean, sd) => [{weight: 1, centre: mean, scale: sd, df: null, peak: -0.5 * Math.log(2 * Math.PI)}];

  const component = ({weight, centre, scale, df, peak}, x) => {
    const z = (x - centre) / scale;
    const shape = df === null ? -z * z / 2 : -(df + 1) / 2 * Math.log1p(z * z / df);
    return Math.log(weight / scale) + peak + shape;
  };
  const logDensity = (parts, x) => {
    if (parts.length === 1) return component(parts[0], x);
    const logs = parts.map(part => component(part, x));
    const most = Math.max(...logs);
    return most + Math.log(logs.reduce((sum, value) => sum + Math.exp(value - most), 0));
  };

  // Shape and scale of a generalized Pareto distribution above 0, from sorted values.
  const fitTail = tail => {
    const n = tail.length, m = 30 + Math.floor(Math.sqrt(n)), quarter = tail[Math.floor(n / 4 + 0.5) - 1];
    if (quarter <= tail[0]) return {k: Infinity, sigma: NaN};
    const b = [], fit = [];
    for (let i = 1; i <= m; i++) {
      const at = (1 - Math.sqrt(m / (i - 0.5))) / (3 * quarter) + 1 / tail[n - 1];
      let k = 0;
      for (const x of tail) k += Math.log1p(-at * x);
      k /= n;
      b.push(at); fit.push(n * (Math.log(-at / k) - k - 1));
    }
    const most = Math.max(...fit), weight = fit.map(value => Math.exp(value - most));
    const total = weight.reduce((sum, w) => sum + w, 0);
    const mean = b.reduce((sum, at, i) => sum + at * weight[i], 0) / total;
    let k = 0;
    for (const x of tail) k += Math.log1p(-mean * x);
    k /= n;
    return {k: (n * k + 5) / (n + 10), sigma: -k / mean};
  };

  // Weights exp(ratio), the largest 1.
  const plain = ratio => {
    const most = ratio.reduce((a, b) => Math.max(a, b), -Infinity);
    return ratio.map(value => Math.exp(value - most));
  };

  // The same with a Pareto tail, and its shape; 0 where there is no tail.
  const smoothed = ratio => {
    const n = ratio.length, weight = plain(ratio);
    let sum = 0, squares = 0;
    for (const w of weight) { sum += w; squares += w * w; }
    if (sum / n * LEAST_TAIL >= 1 || sum * sum / squares / n >= NEARLY_ALL) return {weight, k: 0};
    const order = Uint32Array.from({length: n}, (_, i) => i).sort((i, j) => weight[i] - weight[j]);
    const size = n > 225 ? Math.floor(3 * Math.sqrt(n)) : Math.floor(n / 5);
    const cutoff = weight[order[n - size - 1]];
    const {k, sigma} = fitTail(Array.from({length: size}, (_, i) => weight[order[n - size + i]] - cutoff));
    if (Number.isFinite(k)) for (let i = 0; i < size; i++) {
      const p = (i + 0.5) / size;
      weight[order[n - size + i]] = Math.min(1, cutoff + sigma * Math.expm1(-k * Math.log1p(-p)) / k);
    }
    return {weight, k};
  };

  // What a reader sees of draws in increasing order: probabilities, median, central 95 %.
  // An ``error`` is that of a smooth posterior: its points are intervals, of which one can lie on both sides of a value.
  const answer = (draws, weight, k, outcome, threshold, error) => {
    const toScale = value => outcome.ratio ? Math.log(value) : value;
    let total = 0, squares = 0;
    for (const w of weight) { total += w; squares += w * w; }
    const beyond = value => {
      let share = 0;
      for (let i = 0; i < draws.length; i++) if (outcome.higher ? draws[i] > value : draws[i] < value) share += weight[i];
      const next = draws.findIndex(x => x > value);
      if (error !== null && next > 0) {
        const above = 0.5 - (value - draws[next - 1]) / (draws[next] - draws[next - 1]);
        share += (outcome.higher ? 1 : -1) * above * weight[above > 0 ? next - 1 : next];
      }
      return share / total;
    };
    const quantile = p => {
      let reached = 0;
      for (let i = 0; i < draws.length; i++) { reached += weight[i]; if (reached >= p * total) return draws[i]; }
      return draws[draws.length - 1];
    };
    const back = value => outcome.ratio ? Math.exp(value) : value;
    const benefit = beyond(toScale(outcome.null)), none = toScale(outcome.null);
    let away = 0;
    for (let i = 0; i < draws.length; i++) {
      const better = outcome.higher ? draws[i] > none : draws[i] < none;
      away += (weight[i] * (better - benefit)) ** 2;
    }
    return {
      k, trusted: k <= TRUSTED, effective: total * total / squares, benefit, error: error ?? Math.sqrt(away) / total,
      important: threshold === null || outcome.ratio && threshold <= 0 ? null : beyond(toScale(threshold)),
      median: back(quantile(0.5)), low: back(quantile(0.025)), high: back(quantile(0.975)),
    };
  };

  const compute = (outcome, evidence, parts, threshold) => {
    const drawn = name => evidence[name] && unpack(evidence[name]);
    evidence.drawn ??= {effect: drawn("effect") ?? drawn("contrast"), contrast: drawn("contrast")};
    const {effect, contrast} = evidence.drawn;
    evidence.before ??= effect.map(x => logDensity(evidence.own, x));
    const ratio = effect.map((x, i) => logDensity(parts, x) - evidence.before[i]), {weight, k} = smoothed(ratio);
    const used = evidence.error === null ? weight : plain(ratio);  // points of a smooth posterior have no noise to smooth
    return {...answer(contrast, used, k, outcome, threshold, evidence.error), weight: used};
  };

  // A density from weighted bins, smoothed twice by a running mean.
  const density = (draws, weight, low, high) => {
    let bins = new Float64Array(BINS);
    for (let i = 0; i < draws.length; i++) {
      const at = Math.floor((draws[i] - low) / (high - low) * BINS);
      if (at >= 0 && at < BINS) bins[at] += weight[i];
    }
    for (let pass = 0; pass < 3; pass++) {
      const next = new Float64Array(BINS);
      for (let i = 0; i < BINS; i++) for (let j = -3; j <= 3; j++) next[i] += (bins[i + j] || 0) / 7;
      bins = next;
    }
    return bins;
  };

  return {compute, density, normal, logDensity, unpack, BINS};
})();

(() => {
  const source = document.getElementById("live-data");
  if (!source) return;
  const outcomes = JSON.parse(source.textContent), part = id => document.getElementById("live-" + id);
  const state = {outcome: 0, evidence: 0, prior: 0, mean: 0, sd: 1, threshold: null};
  const now = () => outcomes[state.outcome];
  const number = x => { const a = Math.abs(x); return x.toFixed(a >= 100 ? 0 : a >= 10 ? 1 : 2).replace("-", "\u2212"); };
  const percent = p => p > 0.995 ? "over 99 %" : p < 0.005 ? "under 1 %" : even(100 * p) + " %";
  const even = x => { const down = Math.floor(x); return x - down === 0.5 ? down + down % 2 : Math.round(x); };
  const parts = () => state.prior >= 0 ? now().priors[state.prior].parts : Live.normal(state.mean, state.sd);

  const options = (select, labels, chosen) => {
    select.replaceChildren(...labels.map((label, i) => new Option(label, i, false, i === chosen)));
    select.value = chosen;
  };

  const choose = outcome => {
    Object.assign(state, {outcome, evidence: 0, prior: 0, threshold: outcomes[outcome].threshold});
    pick(0);
  };
  const pick = prior => {
    state.prior = prior;
    if (prior < 0) return;
    const {mean, sd} = now().priors[prior];
    Object.assign(state, {mean, sd: Math.min(sd ?? now().widest, now().widest)});
  };

  const fill = () => {
    const it = now();
    options(part("outcome"), outcomes.map(row => row.label), state.outcome);
    options(part("evidence"), it.evidence.map(row => row.label), state.evidence);
    options(part("prior"), [...it.priors.map(row => row.name), "Normal, of your own"], state.prior < 0 ? it.priors.length : state.prior);
    for (const [id, least, most] of [["mean", -it.reach, it.reach], ["sd", it.widest / 200, it.widest]]) {
      for (const box of [part(id), part(id + "-number")]) Object.assign(box, {min: least, max: most, step: "any", value: state[id]});
      part(id + "-number").value = +state[id].toFixed(3);
    }
    part("threshold").value = state.threshold ?? "";
    part("effect").textContent = it.effect;
  };

  const draw = (result, it) => {
    const {contrast} = it.evidence[state.evidence].drawn, n = contrast.length;
    const low = contrast[Math.floor(0.001 * n)], high = contrast[Math.ceil(0.999 * n) - 1];
    const bins = Live.density(contrast, result.weight, low, high), most = Math.max(...bins), W = 600, H = 150;
    const x = value => (value - low) / (high - low) * W, y = value => H - value / most * (H - 10);
    const scale = value => it.ratio ? Math.log(value) : value;
    const point = (i, value) => ((i + 0.5) / Live.BINS * W).toFixed(1) + "," + y(value).toFixed(1);
    const curve = Array.from(bins, (value, i) => point(i, value)), at = x(scale(it.null));
    const shown = result.trusted;
    part("curve").setAttribute("d", shown ? "M" + curve.join("L") : "");
    part("area").setAttribute("d", shown ? `M0,${H}L${curve.join("L")}L${W},${H}Z` : "");
    const [from, to] = it.higher ? [at, W] : [0, at];
    Object.entries({x: Math.max(0, Math.min(from, W)), width: Math.max(0, Math.min(to, W) - Math.max(from, 0))})
      .forEach(([name, value]) => part("side").setAttribute(name, value));
    for (const [id, value] of [["null", at], ["mark", state.threshold === null ? -9 : x(scale(state.threshold))]])
      ["x1", "x2"].forEach(name => part(id).setAttribute(name, Number.isFinite(value) ? value : -9));
    const prior = !it.evidence[state.evidence].effect && shown
      ? Array.from({length: Live.BINS}, (_, i) => Math.exp(Live.logDensity(parts(), low + (i + 0.5) / Live.BINS * (high - low)))) : [];
    const area = bins.reduce((sum, value) => sum + value, 0), all = prior.length ? area / (Live.BINS / (high - low)) : 1;
    part("before").setAttribute("d", prior.length ? "M" + prior.map((value, i) => point(i, Math.min(value * all, most * 1.05))).join("L") : "");
    const ticks = [0, 0.25, 0.5, 0.75, 1].map(share => low + share * (high - low));
    part("ticks").textContent = "";
    ticks.forEach((value, i) => {
      const text = document.createElementNS("http://www.w3.org/2000/svg", "text");
      Object.entries({x: x(value), y: H + 16, "text-anchor": i === 0 ? "start" : i === 4 ? "end" : "middle"})
        .forEach(([name, to]) => text.setAttribute(name, to));
      text.textContent = number(it.ratio ? Math.exp(value) : value);
      part("ticks").append(text);
    });
  };

  const show = () => {
    const it = now(), started = performance.now();
    const evidence = it.evidence[state.evidence], inTable = state.prior === 0 && state.threshold === it.threshold;
    const result = {...Live.compute(it, evidence, parts(), state.threshold), ...(inTable ? evidence.exact : {})};
    const unit = it.unit ? " " + it.unit : "";
    part("answer").textContent = result.trusted
      ? `P(benefit) ${percent(result.benefit)}` +
        (result.important === null ? "" : `; P(important benefit) ${percent(result.important)}`) +
        `; median ${number(result.median)} (central 95 % ${number(result.low)} to ${number(result.high)})${unit}. ` +
        `Pareto k ${number(result.k)}; ` + (evidence.error !== null && !inTable
        ? `from a smooth posterior, which leaves P(benefit) a Monte Carlo error of ${number(100 * result.error)} %.`
        : `${inTable ? "all" : `worth ${Math.round(result.effective)}`} draws, which leaves P(benefit) a ` +
          `Monte Carlo error of ${number(100 * result.error)} %.`)
      : `No answer: this prior is too far from that of the analysis (Pareto k ${result.k.toFixed(2)}; at most 0.7 is trusted). ` +
        "A refit is needed: mgbayes sensitivity.";
    part("answer").classList.toggle("refused", !result.trusted);
    draw(result, it);
    Live.last = {...result, weight: undefined, milliseconds: performance.now() - started};
    return Live.last;
  };

  const address = () => {
    const prior = state.prior >= 0 ? ["p=" + state.prior] : ["m=" + +state.mean.toFixed(4), "s=" + +state.sd.toFixed(4)];
    const fields = ["live=" + now().id, "e=" + state.evidence, ...prior, "t=" + (state.threshold ?? "")];
    history.replaceState(null, "", "#" + fields.join("&"));
  };
  const read = () => {
    const found = new URLSearchParams(location.hash.slice(1)), id = found.get("live");
    if (id === null) return;
    const at = outcomes.findIndex(row => row.id === id);
    if (at < 0) return;
    choose(at);
    const whole = (name, count) => { const i = Number(found.get(name)); return Number.isInteger(i) && i >= 0 && i < count ? i : 0; };
    state.evidence = whole("e", now().evidence.length);
    const mean = Number(found.get("m")), sd = Number(found.get("s"));
    if (found.has("s") && Number.isFinite(mean) && sd > 0) Object.assign(state, {prior: -1, mean, sd});
    else pick(whole("p", now().priors.length));
    if (found.get("t")) state.threshold = Number.isFinite(Number(found.get("t"))) ? Number(found.get("t")) : state.threshold;
    document.getElementById("live").open = true;
  };

  const change = () => { fill(); show(); address(); };
  const listen = (id, type, act) => part(id).addEventListener(type, () => { act(part(id).value); change(); });
  listen("outcome", "change", value => choose(Number(value)));
  listen("evidence", "change", value => { state.evidence = Number(value); });
  listen("prior", "change", value => pick(Number(value) < now().priors.length ? Number(value) : -1));
  for (const id of ["mean", "sd"]) for (const box of [id, id + "-number"])
    listen(box, box === id ? "input" : "change", value => {
      if (value !== "" && Number.isFinite(Number(value)) && !(id === "sd" && Number(value) <= 0))
        Object.assign(state, {prior: -1, [id]: Number(value)});
    });
  listen("threshold", "change", value => { state.threshold = value === "" ? null : Number(value); });
  window.addEventListener("hashchange", () => { read(); fill(); show(); });
  choose(0); read(); fill(); show();
  Live.state = state; Live.show = show; Live.outcomes = outcomes;
})();
