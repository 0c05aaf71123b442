"""Calibration of the chain over tables: patients from the priors, their published numbers alone, then the chain."""
