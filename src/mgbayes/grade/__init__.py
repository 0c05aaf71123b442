"""Summary of findings in the manner of GRADE: absolute effects, robustness and certainty of each outcome."""
