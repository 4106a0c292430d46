"""`python -m cai_ui`: the stages from the command line."""

import sys

from cai_ui.leaving import INTERRUPTED, TERMINATED, Terminated, leave_after, unwind_at_sigterm


def run() -> int:
    """One command. All of them are imported here, which takes a second, in which Ctrl+C is pressed, too."""
    try:
        from cai_ui.cli import main
    except KeyboardInterrupt as stopped:
        print("Stopped. Nothing was begun.", file=sys.stderr)
        return TERMINATED if isinstance(stopped, Terminated) else INTERRUPTED
    return main()


if __name__ == "__main__":
    unwind_at_sigterm()
    leave_after(run)
