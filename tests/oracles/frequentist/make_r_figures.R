# Writes data/*.csv and r_figures.json: what R prints for public data sets. The tests read both and need no R.
# Run in this folder: Rscript make_r_figures.R
library(survival)
library(MASS)
library(jsonlite)
suppressPackageStartupMessages(library(coin))
suppressPackageStartupMessages(library(brglm2))

keep <- function(data, name) {
  file <- file.path("data", paste0(name, ".csv"))
  write.csv(data, file, row.names = FALSE, quote = FALSE)
  read.csv(file)
}
dir.create("data", showWarnings = FALSE)
ovarian <- keep(survival::ovarian, "ovarian")
veteran <- keep(survival::veteran, "veteran")
kidney <- keep(survival::kidney, "kidney")
pbc <- keep(survival::pbc[!is.na(survival::pbc$trt), c("id", "time", "status", "trt", "age", "sex", "ascites",
  "hepato", "spiders", "edema", "bili", "chol", "albumin", "platelet", "protime", "stage")], "pbc")
data(endometrial, package = "brglm2")
endometrial <- keep(endometrial, "endometrial")

# Recurrences of each patient, and months of follow-up
one <- survival::bladder1[survival::bladder1$treatment != "pyridoxine", ]
bladder <- do.call(rbind, lapply(split(one, one$id), function(p) {
  data.frame(id = p$id[1], treatment = as.character(p$treatment[1]), recurrences = sum(p$status == 1),
    months = max(p$stop))
}))
bladder <- keep(bladder[bladder$months > 0, ], "bladder")

test <- function(t) {
  figures <- list(statistic = unname(t$statistic), p = unname(t$p.value), df = unname(t$parameter),
    estimate = unname(t$estimate), low = t$conf.int[1], high = t$conf.int[2])
  figures[!vapply(figures, function(x) is.null(x) || all(is.na(x)), TRUE)]
}
cox <- function(formula, data) {
  fit <- coxph(formula, data, ties = "efron")
  s <- summary(fit)
  list(coef = unname(coef(fit)), se = unname(s$coefficients[, "se(coef)"]), p_wald = unname(s$coefficients[, 5]),
    low = unname(s$conf.int[, 3]), high = unname(s$conf.int[, 4]),
    likelihood_ratio = unname(s$logtest["test"]), p_likelihood_ratio = unname(s$logtest["pvalue"]))
}
zph <- function(formula, data, transform = "km") {
  fit <- do.call(coxph, list(formula, data = data, ties = "efron"))
  table <- cox.zph(fit, transform = transform)$table
  list(statistic = unname(table[, "chisq"]), p = unname(table[, "p"]), names = rownames(table))
}
logrank <- function(formula, data) {
  fit <- survdiff(formula, data)
  list(statistic = fit$chisq, p = pchisq(fit$chisq, 1, lower.tail = FALSE), observed = fit$obs, expected = fit$exp)
}
curve <- function(formula, data) {
  fit <- survfit(formula, data, conf.type = "log-log")
  med <- quantile(fit, 0.5)
  points <- summary(fit)
  list(median = c(med$quantile), low = c(med$lower), high = c(med$upper), strata = as.character(points$strata),
    time = points$time, surv = points$surv, std_err = points$std.err, lower = points$lower, upper = points$upper,
    n_risk = points$n.risk)
}
coin_p <- function(t) list(z = unname(c(statistic(t))), p = unname(c(pvalue(t))))

figures <- list()
figures$versions <- c(list(R = R.version.string),
  sapply(c("survival", "MASS", "coin", "brglm2"), function(p) as.character(packageVersion(p)), simplify = FALSE))

# ---- times to an event
figures$survdiff <- list(
  ovarian = logrank(Surv(futime, fustat) ~ rx, ovarian),
  veteran = logrank(Surv(time, status) ~ trt, veteran),
  pbc = logrank(Surv(time, status == 2) ~ trt, pbc),
  kidney = logrank(Surv(time, status) ~ sex, kidney),
  veteran_karno60 = logrank(Surv(time, status) ~ trt, veteran[veteran$karno >= 60, ]))
figures$survfit <- list(
  ovarian = curve(Surv(futime, fustat) ~ rx, ovarian),
  veteran = curve(Surv(time, status) ~ trt, veteran),
  kidney = curve(Surv(time, status) ~ sex, kidney),
  pbc = curve(Surv(time, status == 2) ~ trt, pbc))
figures$coxph <- list(
  ovarian = cox(Surv(futime, fustat) ~ rx, ovarian),
  veteran = cox(Surv(time, status) ~ trt, veteran),
  pbc = cox(Surv(time, status == 2) ~ trt, pbc),
  kidney = cox(Surv(time, status) ~ sex, kidney))
figures$cox_zph <- list(
  ovarian = zph(Surv(futime, fustat) ~ rx, ovarian),
  veteran = zph(Surv(time, status) ~ trt, veteran),
  kidney = zph(Surv(time, status) ~ sex, kidney),
  pbc = zph(Surv(time, status == 2) ~ trt, pbc))
figures$logrank_exact <- list(
  # exact over every split of 26 patients; no two times are equal
  ovarian = coin_p(logrank_test(Surv(futime, fustat) ~ factor(rx), ovarian, distribution = exact(algorithm = "split-up"))))
figures$rmst <- lapply(list(ovarian = survfit(Surv(futime, fustat) ~ rx, ovarian)), function(f) {
  t <- summary(f, rmean = 700)$table
  list(mean = unname(t[, "rmean"]), se = unname(t[, "se(rmean)"]))
})

# ---- ranks and means
by_arm <- function(v, arm, one, other) list(v[arm == one], v[arm == other])
ranks <- function(first, second, ...) test(suppressWarnings(wilcox.test(first, second, conf.int = TRUE, ...)))
exact_ranks <- function(first, second) {
  data <- data.frame(value = c(first, second), arm = factor(rep(1:2, c(length(first), length(second)))))
  coin_p(wilcox_test(value ~ arm, data, distribution = "exact"))
}
o <- ovarian[, c("age", "rx")]
first <- kidney$time[seq(1, 76, 2)]
second <- kidney$time[seq(2, 76, 2)]
small <- veteran[veteran$celltype == "large", ]
figures$wilcox <- list(
  ovarian_age = ranks(o$age[o$rx == 2], o$age[o$rx == 1]),
  ovarian_age_normal = ranks(o$age[o$rx == 2], o$age[o$rx == 1], exact = FALSE),
  veteran_karno = ranks(veteran$karno[veteran$trt == 2], veteran$karno[veteran$trt == 1]),
  veteran_large_karno = ranks(small$karno[small$trt == 2], small$karno[small$trt == 1]),
  kidney_paired = ranks(second, first, paired = TRUE),
  kidney_paired_first10 = ranks(second[1:10], first[1:10], paired = TRUE),
  sleep_paired = ranks(sleep$extra[11:20], sleep$extra[1:10], paired = TRUE))
figures$wilcox_exact <- list(
  ovarian_age = exact_ranks(o$age[o$rx == 2], o$age[o$rx == 1]),
  veteran_large_karno = exact_ranks(small$karno[small$trt == 2], small$karno[small$trt == 1]),
  kidney_paired = coin_p(wilcoxsign_test(second ~ first, distribution = "exact", zero.method = "Wilcoxon")),
  sleep_paired = coin_p(wilcoxsign_test(sleep$extra[11:20] ~ sleep$extra[1:10], distribution = "exact",
    zero.method = "Wilcoxon")))
figures$permutation <- list(
  veteran_large_karno = coin_p(oneway_test(karno ~ factor(trt), small, distribution = "exact")),
  ovarian_ecog = coin_p(oneway_test(ecog.ps ~ factor(rx), ovarian, distribution = "exact")))
figures$t <- list(
  ovarian_welch = test(t.test(o$age[o$rx == 2], o$age[o$rx == 1])),
  ovarian_student = test(t.test(o$age[o$rx == 2], o$age[o$rx == 1], var.equal = TRUE)),
  veteran_welch = test(t.test(veteran$karno[veteran$trt == 2], veteran$karno[veteran$trt == 1])),
  kidney_paired = test(t.test(second, first, paired = TRUE)),
  sleep_paired = test(t.test(sleep$extra[11:20], sleep$extra[1:10], paired = TRUE)))

# ---- yes/no
two_by_two <- function(event, arm, contrast, reference) {
  table <- matrix(c(sum(event[arm == contrast], na.rm = TRUE), sum(event[arm == reference], na.rm = TRUE),
    sum(!event[arm == contrast], na.rm = TRUE), sum(!event[arm == reference], na.rm = TRUE)), 2)
  list(table = table, pearson = test(suppressWarnings(chisq.test(table, correct = FALSE))),
    yates = test(suppressWarnings(chisq.test(table))), fisher = test(fisher.test(table)))
}
figures$two_by_two <- list(
  pbc_hepato = two_by_two(pbc$hepato == 1, pbc$trt, 2, 1),
  pbc_ascites = two_by_two(pbc$ascites == 1, pbc$trt, 2, 1),
  ovarian_residual = two_by_two(ovarian$resid.ds == 2, ovarian$rx, 2, 1),
  relapse = two_by_two(rep(c(TRUE, FALSE, TRUE, FALSE), c(10, 7, 6, 10)), rep(c(1, 2), c(17, 16)), 2, 1))
before <- kidney$status[seq(1, 76, 2)]
after <- kidney$status[seq(2, 76, 2)]
lost <- sum(before == 1 & after == 0)
gained <- sum(before == 0 & after == 1)
changed <- binom.test(gained, lost + gained)
figures$mcnemar <- list(kidney_status = list(
  lost = lost, gained = gained, corrected = test(mcnemar.test(before, after)),
  plain = test(mcnemar.test(before, after, correct = FALSE)),
  exact_p = changed$p.value, odds_ratio = gained / lost,
  odds_low = changed$conf.int[1] / (1 - changed$conf.int[1]),
  odds_high = changed$conf.int[2] / (1 - changed$conf.int[2]),
  mid_p = 2 * pbinom(min(lost, gained) - 1, lost + gained, 0.5) + dbinom(min(lost, gained), lost + gained, 0.5)))

# Firth: estimates by brglm2 (mean bias reduction is Firth's correction in logistic regression); the penalized
# likelihood ratio and its profile interval by optim on the likelihood plus half the log determinant.
penalized <- function(beta, X, y) {
  eta <- drop(X %*% beta)
  p <- plogis(eta)
  sum(y * eta - log1p(exp(eta))) + determinant(crossprod(X * sqrt(p * (1 - p))))$modulus / 2
}
firth <- function(formula, data) {
  fit <- glm(formula, binomial, data, method = "brglmFit", type = "AS_mean", epsilon = 1e-12, maxit = 1000)
  X <- model.matrix(fit)
  y <- fit$y
  top <- penalized(coef(fit), X, y)
  profile <- function(value, k) {
    rest <- function(b) {
      beta <- numeric(ncol(X)); beta[k] <- value; beta[-k] <- b
      -penalized(beta, X, y)
    }
    best <- optim(coef(fit)[-k], rest, method = "BFGS", control = list(reltol = 1e-15, maxit = 5000))
    if (ncol(X) > 2) for (i in 1:5) best <- optim(best$par, rest, control = list(reltol = 1e-15, maxit = 20000))
    2 * (top + best$value)
  }
  limits <- function(k) {
    reach <- function(v) profile(v, k) - qchisq(0.95, 1)
    b <- coef(fit)[k]
    c(uniroot(reach, c(b - 30, b), tol = 1e-10)$root, uniroot(reach, c(b, b + 30), tol = 1e-10)$root)
  }
  k <- 2
  both <- limits(k)
  list(coef = unname(coef(fit)), penalized = as.numeric(top), statistic = as.numeric(profile(0, k)),
    p = pchisq(as.numeric(profile(0, k)), 1, lower.tail = FALSE), low = unname(both[1]), high = unname(both[2]))
}
figures$firth <- list(
  endometrial = firth(HG ~ NV + PI + EH, endometrial),
  endometrial_nv = firth(HG ~ NV, endometrial),
  pbc_ascites = firth(ascites ~ I(trt == 2), pbc))

# ---- counts of events
b <- bladder
plain <- function(fit, null) {
  compare <- anova(null, fit)
  list(coef = unname(coef(fit)), se = unname(coef(summary(fit))[, 2]), theta = fit$theta,
    loglik = as.numeric(logLik(fit)), statistic = compare[["LR stat."]][2], p = compare[["Pr(Chi)"]][2])
}
tight <- glm.control(epsilon = 1e-12, maxit = 200)
contrast <- ifelse(b$treatment == "thiotepa", 1, 0)
figures$glm_nb <- list(bladder = plain(
  glm.nb(recurrences ~ contrast + offset(log(months)), b, control = tight),
  glm.nb(recurrences ~ 1 + offset(log(months)), b, control = tight)))
sums <- function(v) c(sum(v[contrast == 1]), sum(v[contrast == 0]))
figures$poisson_test <- list(
  bladder = test(poisson.test(sums(b$recurrences), sums(b$months))),
  small = test(poisson.test(c(3, 11), c(30, 25))))

# ---- many tests
p <- c(0.22, 0.09, 0.03, 0.046, 0.049, 0.72, 0.002, 0.057)
figures$holm <- list(p = p, adjusted = p.adjust(p, "holm"))
figures$binomial <- list(signs_3_of_14 = test(binom.test(3, 14)))

write(toJSON(figures, digits = NA, auto_unbox = TRUE, pretty = TRUE, na = "null"), "r_figures.json")
