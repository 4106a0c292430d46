"""Questions to a model whose answer is a number with its uncertainty: the paper's figures, and more.

Each experiment is declared once (`declared`, `catalogue`): question, settings, what it costs, how it measures, how its
rows become a result. The mechanism is the same for all:

    declared  what an experiment is     results  what it gives     bench    answers and chains, kept as they come
    running   start, stop, resume       folder   what is kept      reading  what answers did
    rows      shares and differences    plots    results as SVG    report   results as Markdown
    estimate  calls and time            catalogue  all of them
"""
