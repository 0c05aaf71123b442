"""Posteriors that others have published, and the project's own models told to be theirs."""
