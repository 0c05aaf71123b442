"""How large a file may be, and how many of its problems a message shows."""

PLAN_BYTES = 2_000_000
"""Of a study file, a plan, a file of scenarios or of a truth."""
TABLE_BYTES = 20_000_000
"""Of a spreadsheet, a digitized curve, reconstructed patients."""
UNPACKED_BYTES = 50_000_000
"""Of a workbook or Parquet file, which are stored compressed."""
ROWS, COLUMNS = 20_000, 500
"""Of a spreadsheet or a curve, blank rows and cells aside."""
CURVE_PATIENTS, IMPUTATIONS = 5_000, 10_000
"""Of an arm of a digitized curve, and data sets made of it: memory and time grow with both."""
LARGEST_VALUE = 1e12
"""In size, of a number in a spreadsheet or a curve: its square and sums of it are finite."""
SHORTEST_TIME = 1e-6
"""In whatever unit, of a time in a spreadsheet that is not 0: a shorter one is left over from arithmetic."""
PROBLEMS_SHOWN = 50
"""In one message; the rest are counted."""
