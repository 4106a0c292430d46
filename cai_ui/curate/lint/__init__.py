"""What is wrong with training data, found before training: each finding with the rows it is about.

    report = lint(rows)
    for finding in report.findings: print(finding.title, len(finding.rows))

Every check is a plain function of the rows. None deletes anything; people look and decide.
"""

from cai_ui.curate.lint.report import CHECKS, LintReport, lint
from cai_ui.curate.lint.rows import LintFinding, LintRow, rows_of_dataset, rows_of_examples

__all__ = ["CHECKS", "LintFinding", "LintReport", "LintRow", "lint", "rows_of_dataset", "rows_of_examples"]
