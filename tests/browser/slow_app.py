"""The app with a scripted model that takes its time, so that a person (or a test) can press Stop in the middle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app import read_settings, serve
from cai_ui.engine.scripted import ScriptedEngine

DELAY_S = 0.04
"""Pause before each word."""

if __name__ == "__main__":
    sys.exit(serve(read_settings(sys.argv[1:], os.environ), ScriptedEngine(delay_s=DELAY_S)))
