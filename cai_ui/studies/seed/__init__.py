"""The study that this project started from, redone with measurements (docs/REPORT.md).

Chains or published rows → datasets → four trainings → all variants asked the same prompts. Each stage is stored as it
is finished, so a process that was killed goes on where it was.

    plan      what is asked for, and its key       stages    the work, one by one
    measuring prompts, formats, likelihoods        results   records of the result  counting answers to results
    estimate  calls, tokens, time                  table     Markdown
"""
