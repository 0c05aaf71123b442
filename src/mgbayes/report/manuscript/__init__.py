"""The supplement of a manuscript for Word and LaTeX: text, tables, figures, checklists, references."""
