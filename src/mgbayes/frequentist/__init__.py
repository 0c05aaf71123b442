"""Frequentist tests, each once, on samples, on published summaries, and on many data sets at once."""
