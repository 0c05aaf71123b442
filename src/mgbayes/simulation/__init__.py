"""Made-up patients that agree with everything that a study prints, or that follow from a chosen truth.

``run`` puts a cohort together: ``from_print`` takes it from what is printed and from posterior draws, ``from_truth``
from a file of chosen parameters; ``table`` and ``write`` turn it into a spreadsheet that says that it is synthetic.
"""
