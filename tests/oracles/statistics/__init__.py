"""Published statistics against enumeration, NumPy, SciPy and statsmodels."""
