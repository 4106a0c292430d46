"""`python -m cai_ui`: the stages from the command line."""

import sys

from cai_ui.cli import main

if __name__ == "__main__":
    sys.exit(main())
