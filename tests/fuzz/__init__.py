"""Inputs at random: a grammar of study files, plans, spreadsheets and curves, and what reads them."""
