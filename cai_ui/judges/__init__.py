"""Models that judge: single answers under a rubric, pairs of answers under an instruction, and how far to trust them.

In: an engine, answers, the judge's variant or address. Out: frozen judgements in which "could not be read" is a value.
Knows nothing of stages, storage or the page.
"""
