"""Which method can be trusted with so few patients: every rule on every table that two arms can give."""
