"""The app with a scripted model that takes its time, so that a person (or a test) can press Stop in the middle."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app import read_settings, serve
from cai_ui.engine.backends.scripted import ScriptedEngine
from cai_ui.leaving import leave_after

if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--delay", type=float, default=0.04, help="pause before each word, in seconds")
    own, rest = parser.parse_known_args()
    leave_after(lambda: serve(read_settings(rest, os.environ), ScriptedEngine(delay_s=own.delay)))
