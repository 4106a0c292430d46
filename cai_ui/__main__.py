"""`python -m cai_ui`: the stages from the command line."""

from cai_ui.cli import main
from cai_ui.leaving import leave_after, unwind_at_sigterm

if __name__ == "__main__":
    unwind_at_sigterm()
    leave_after(main)
