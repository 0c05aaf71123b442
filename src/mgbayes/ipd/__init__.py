"""What a spreadsheet of patients says of a paper: the printed claims and the tests, beside the patients."""

from mgbayes.ipd.beside import Beside
from mgbayes.ipd.check import check_patients

__all__ = ["Beside", "check_patients"]
