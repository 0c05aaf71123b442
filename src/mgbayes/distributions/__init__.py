"""Distributions of times, each written once for numbers and for PyTensor variables."""
