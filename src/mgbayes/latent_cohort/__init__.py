"""The cohort behind a paper: tables of patients that meet every published number at once, and what follows from them.

One posterior over tables and parameters; see ``sampler``. A column is in ``columns``, a published number that a table
must meet in ``statements``, a definition in ``relations``, a distribution in ``outcomes``, a move of the chains in
``moves``.
"""
