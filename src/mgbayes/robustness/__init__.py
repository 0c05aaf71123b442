"""Sensitivity of the conclusion to priors, model families, suspected misprints, the evidence used and confounding."""
