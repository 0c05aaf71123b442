# Writes data/wine.csv and r_figures.json: what R prints for a public data set. The tests read both and need no R.
# Run in this folder: Rscript make_r_figures.R
library(MASS)
suppressPackageStartupMessages(library(ordinal))
library(jsonlite)

# Bitterness of wine, rated 1 to 5 by nine judges, two bottles of each of four kinds
dir.create("data", showWarnings = FALSE)
write.csv(ordinal::wine[, c("rating", "temp", "contact", "bottle", "judge")], file.path("data", "wine.csv"),
  row.names = FALSE, quote = FALSE)
wine <- read.csv(file.path("data", "wine.csv"))
wine$rating <- factor(wine$rating, ordered = TRUE)
# One unit is a judge at one contact: contact differs between units, temperature within, as arms and visits do
wine$unit <- factor(paste(wine$judge, wine$contact))

figures <- list(versions = list(R = R.version.string, MASS = as.character(packageVersion("MASS")),
  ordinal = as.character(packageVersion("ordinal"))))

plain <- polr(rating ~ temp * contact, wine, Hess = TRUE, control = list(reltol = 1e-14, maxit = 1000))
figures$polr <- list(cuts = unname(plain$zeta), coef = as.list(coef(plain)), loglik = as.numeric(logLik(plain)))
plain <- clm(rating ~ temp * contact, data = wine)
figures$clm <- list(cuts = unname(plain$alpha), coef = as.list(plain$beta), loglik = as.numeric(logLik(plain)))
mixed <- clmm(rating ~ temp * contact + (1 | unit), data = wine, nAGQ = 25)
figures$clmm <- list(cuts = unname(mixed$alpha), coef = as.list(mixed$beta), sd = unname(mixed$ST[[1]][1, 1]),
  loglik = as.numeric(logLik(mixed)))

write(toJSON(figures, digits = NA, auto_unbox = TRUE, pretty = TRUE), "r_figures.json")
