# Writes r_survival.json: maximum likelihood of survival models on public data sets (../frequentist/data), by R.
# Run in this folder: Rscript make_r_survival.R
# survreg and glm are R's own; what no package of base R fits (frailty, cure, rates that change smoothly) is written
# out here from its definition and maximized by optim.
library(survival)
library(jsonlite)

read <- function(name) read.csv(file.path("..", "frequentist", "data", paste0(name, ".csv")))
centred <- function(x) x - mean(x)
scaled <- function(x) (x - mean(x)) / sd(x)

ovarian <- with(read("ovarian"), data.frame(time = futime, event = fustat, arm = rx - 1,
  x1 = centred(resid.ds - 1), x2 = scaled(age)))
veteran <- with(read("veteran"), data.frame(time, event = status, arm = trt - 1, x1 = centred(prior / 10),
  x2 = scaled(karno)))
kidney <- with(read("kidney"), data.frame(time, event = status, arm = sex - 1, x1 = centred(disease == "PKD"),
  x2 = scaled(age)))
pbc <- with(read("pbc"), data.frame(time, event = as.numeric(status == 2), arm = trt - 1, x1 = centred(sex == "m"),
  x2 = scaled(age)))
sets <- list(ovarian = ovarian, veteran = veteran, kidney = kidney, pbc = pbc)

# ---- Weibull, by survreg: log T = intercept + ... + sigma * error, so k = 1 / sigma and log ratios are -coef / sigma
weibull <- function(fit) {
  coefficients <- unname(coef(fit))
  list(log_scale = coefficients[1], log_hazard_ratio = -coefficients[2] / fit$scale, shape = 1 / fit$scale,
    covariates = -coefficients[-(1:2)] / fit$scale, log_likelihood = fit$loglik[2])
}
close <- survreg.control(rel.tolerance = 1e-12, maxiter = 200)
plain <- lapply(sets, function(d) weibull(survreg(Surv(time, event) ~ arm, d, control = close)))
adjusted <- lapply(sets, function(d) weibull(survreg(Surv(time, event) ~ arm + x1 + x2, d, control = close)))

# Deaths known only to lie between two visits, every 182 days
between <- function(d) {
  lower <- pmax(floor((d$time - 1e-9) / 182) * 182, 1e-6)
  upper <- ifelse(d$event == 1, lower + 182, NA)
  lower <- ifelse(d$event == 1, lower, d$time)
  weibull(survreg(Surv(lower, upper, type = "interval2") ~ arm + x1 + x2, cbind(d, lower, upper), control = close))
}
visits <- lapply(sets[c("veteran", "pbc")], between)

# ---- exponential in pieces, by Poisson regression on the days in each piece
pieces <- function(d) {
  d$id <- seq_len(nrow(d))
  s <- survSplit(Surv(time, event) ~ ., d, cut = c(365, 1095), episode = "piece", start = "begin")
  s$days <- s$time - s$begin
  fit <- glm(event ~ arm + x1 + x2 + (piece > 1) + (piece > 2) + offset(log(days)), poisson, s,
    control = glm.control(epsilon = 1e-14, maxit = 100))
  b <- unname(coef(fit))
  list(log_scale = -b[1], log_hazard_ratio = b[2], covariates = b[3:4], steps = b[5:6],
    log_likelihood = as.numeric(logLik(fit)) - sum(s$event * log(s$days)))
}
piecewise <- list(pbc = pieces(pbc))

# ---- by optim
maximum <- function(log_likelihood, start) {
  lost <- function(p) { value <- -log_likelihood(p); if (is.finite(value)) value else 1e10 }
  for (i in 1:6) start <- optim(start, lost, control = list(maxit = 20000, reltol = 1e-14))$par
  last <- optim(start, lost, method = "BFGS", control = list(maxit = 2000, reltol = 1e-15))
  list(par = last$par, value = -last$value)
}

# Rates that change along a logistic curve 60 days wide around days 365 and 1095; cumulated by Simpson's rule
smooth <- function(d) {
  nodes <- seq(0, 1, length.out = 2001)
  simpson <- c(1, rep(c(4, 2), 999), 4, 1) / 6000
  rate <- function(t, p) {
    first <- plogis((t - 365) / 60); second <- plogis((t - 1095) / 60)
    (1 - first) + exp(p[5]) * (first - second) + exp(p[5] + p[6]) * second
  }
  grid <- outer(d$time, nodes)
  fit <- maximum(function(p) {
    ratio <- exp(p[2] * d$arm + p[3] * d$x1 + p[4] * d$x2 - p[1])
    cumulative <- ratio * d$time * drop(rate(grid, p) %*% simpson)
    sum(d$event * log(ratio * rate(d$time, p)) - cumulative)
  }, c(log(sum(d$time) / sum(d$event)), 0, 0, 0, 0, 0))
  list(log_scale = fit$par[1], log_hazard_ratio = fit$par[2], covariates = fit$par[3:4], steps = fit$par[5:6],
    log_likelihood = fit$value)
}
smoothed <- list(pbc = smooth(pbc))

# Weibull with a gamma frailty of mean 1 and variance v, each patient's own: T is Burr XII
frailty <- function(d, start) {
  fit <- maximum(function(p) {
    k <- exp(p[3]); v <- exp(p[4])
    scale <- exp(p[1] - (p[2] * d$arm + p[5] * d$x1 + p[6] * d$x2) / k) * v^(-1 / k)
    odds <- (d$time / scale)^k
    sum(d$event * (log(k / v) + (k - 1) * log(d$time) - k * log(scale) - log1p(odds)) - log1p(odds) / v)
  }, start)
  list(log_scale = fit$par[1], log_hazard_ratio = fit$par[2], shape = exp(fit$par[3]), frailty_variance = exp(fit$par[4]),
    covariates = fit$par[5:6], log_likelihood = fit$value)
}
frail <- list(veteran = frailty(veteran, c(5, 0, 0, -1, 0, 0)), kidney = frailty(kidney, c(5, -1, 0.2, 0, 0, 0)))

# Mixture cure: logit of the chance of ever, and log of the mean time of those who ever do, by arm and covariates
laws <- list(
  lognormal = list(
    d = function(t, m, s) dlnorm(t, m - s^2 / 2, s, log = TRUE),
    s = function(t, m, s) plnorm(t, m - s^2 / 2, s, lower.tail = FALSE)),
  gamma = list(
    d = function(t, m, s) dgamma(t, s, scale = exp(m) / s, log = TRUE),
    s = function(t, m, s) pgamma(t, s, scale = exp(m) / s, lower.tail = FALSE)),
  weibull = list(
    d = function(t, m, s) dweibull(t, s, exp(m) / gamma(1 + 1 / s), log = TRUE),
    s = function(t, m, s) pweibull(t, s, exp(m) / gamma(1 + 1 / s), lower.tail = FALSE)))
cure <- function(d, law, visits = FALSE) {
  lower <- pmax(floor((d$time - 1e-9) / 91) * 91, 1e-6)
  upper <- floor((d$time - 1e-9) / 91) * 91 + 91
  fit <- maximum(function(p) {
    ever <- plogis(p[1] + p[2] * d$arm + p[6] * d$x1 + p[7] * d$x2)
    m <- p[3] + p[4] * d$arm + p[8] * d$x1 + p[9] * d$x2
    s <- exp(p[5])
    seen <- if (visits) log(law$s(lower, m, s) - law$s(upper, m, s)) else law$d(d$time, m, s)
    sum(ifelse(d$event == 1, log(ever) + seen, log(1 - ever + ever * law$s(d$time, m, s))))
  }, c(0.5, 0, log(mean(d$time[d$event == 1])), 0, 0, 0, 0, 0, 0))
  p <- fit$par
  list(logit_remission = p[1], log_odds_ratio = p[2], log_mean_time = p[3], log_time_ratio = p[4], shape = exp(p[5]),
    odds = p[6:7], times = p[8:9], log_likelihood = fit$value)
}
cured <- lapply(laws, function(law) list(ovarian = cure(ovarian, law)))
cured_between <- lapply(laws, function(law) list(ovarian = cure(ovarian, law, TRUE)))

figures <- list(
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  weibull = plain, weibull_adjusted = adjusted, weibull_between_visits = visits, piecewise = piecewise,
  piecewise_smooth = smoothed, weibull_frailty = frail, cure = cured, cure_between_visits = cured_between)
writeLines(toJSON(figures, auto_unbox = TRUE, digits = 12, pretty = TRUE), "r_survival.json")
