"""The stages from files to files, with the same functions as the page.

Each command works in the workspace `--home` (default: CAI_HOME or ./workspace) with the model `--model`.
An error is printed as its sentence and gives exit status 2; what was not done because nobody agreed gives 1.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from cai_ui.cli import (
    bundle,
    compare,
    curate,
    demo,
    deploy,
    doctor,
    evaluations,
    experiment,
    generate,
    grades,
    judge,
    lineage,
    pairs,
    principles,
    prompts,
    readers,
    replay,
    store,
    study,
    train,
    users,
    votes,
)
from cai_ui.cli.flags import Parser
from cai_ui.errors import CaiError
from cai_ui.leaving import INTERRUPTED, TERMINATED, Terminated


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 0 if it did what was asked, 1 if nobody agreed to it, or a check or comparison that it made did
    not come out well, 2 with a sentence on stderr if it could not."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        parsed = build_parser().parse_args(given)
        result: int = parsed.run(parsed)
        sys.stdout.flush()  # what cannot be printed is noticed while it can still be told
        return result
    except CaiError as error:
        print(str(error), file=sys.stderr)
        return 2
    except UnicodeEncodeError:  # a word of the command line, or of a file that is named there
        print("A text holds half of a character, which cannot be kept or written. Type it again.", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stopped:
        print("Stopped. What was finished is kept.", file=sys.stderr)
        return TERMINATED if isinstance(stopped, Terminated) else INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe went away: nothing to say to anybody
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        return 0
    except OSError as error:
        if _can_print():
            raise
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
        print(f"What is printed could not be written ({error.strerror}).", file=sys.stderr)
        return 2


def _can_print() -> bool:
    """Whether standard output takes an empty line: otherwise an error of the system was that of what was printed."""
    try:
        print(flush=True)
    except OSError:
        return False
    return True


def build_parser() -> Parser:
    """All commands; flags come from the Settings classes, so a knob is written once."""
    parser = Parser(
        prog="python -m cai_ui", description="Constitutional AI workbench, from files to files. The page: python app.py"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    principles.add(commands)
    prompts.add(commands)
    generate.add(commands)
    curate.add(commands)
    train.add(commands)
    compare.add(commands)
    evaluations.add(commands)
    bundle.add(commands)
    replay.add(commands)
    grades.add(commands)
    votes.add(commands)
    study.add(commands)
    experiment.add(commands)
    readers.add(commands)
    judge.add(commands)
    pairs.add(commands)
    lineage.add(commands)
    store.add(commands)
    users.add(commands)
    demo.add(commands)
    deploy.add(commands)
    doctor.add(commands)
    return parser
