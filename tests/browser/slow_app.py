"""The app with a scripted model that takes its time, so that a person (or a test) can press Stop in the middle."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app import read_settings
from cai_ui import pipeline
from cai_ui.engine.scripted import ScriptedEngine

DELAY_S = 0.04
"""Pause before each word."""

if __name__ == "__main__":
    settings = read_settings(sys.argv[1:], os.environ)
    services = pipeline.open_services(settings, ScriptedEngine(delay_s=DELAY_S))
    os.environ.setdefault("GRADIO_TEMP_DIR", str(pipeline.upload_folder(services)))
    from cai_ui.web.app import build_app, launch_arguments

    try:
        page = build_app(services)
        page.launch(server_name=settings.host, server_port=settings.port, **launch_arguments(services))
    finally:
        services.close()
