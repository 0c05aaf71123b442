"""Frequentist tests, each once.

On samples (``TwoGroups``, ``Pairs``, ``FollowUp``), whose leading dimensions are of data sets, so that the same
function tests one study and many; and on published summaries, over their rounding (``PublishedTest``).
"""
