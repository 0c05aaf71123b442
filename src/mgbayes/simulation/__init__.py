"""Synthetic patients that agree with everything that a study reports, or that follow chosen parameters.

``run`` makes a cohort: ``from_published`` of the posterior given what is published, ``truth`` from a file of chosen
parameters; ``table`` and ``write`` turn it into a spreadsheet that is marked as synthetic.
"""
