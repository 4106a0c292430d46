"""Counts and grades to statements with intervals. Undefined values are None with a reason, never 0."""

from cai_ui.statistics.rates import Z95, decided_to_separate, rate, rate_of, sign_test, wilson

__all__ = ["Z95", "decided_to_separate", "rate", "rate_of", "sign_test", "wilson"]
