"""The page's server is waited for, however busy the machine is.

Gradio (6.31) gives it five seconds to begin, and then says that the port is in use and ends the program, while the
server goes on to begin: seen on two cores with three other programs at work.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import gradio as gr
from gradio import http_server
from gradio.exceptions import ServerFailedToStartError

START_S = 120.0
"""Seconds within which a server that lives has to have begun."""


class PatientServer(http_server.Server):
    """Gradio's server, given more time; one that has ended is not waited for."""

    def run_in_thread(self) -> None:
        if self.reloader:  # on a Space
            self.watch_thread = threading.Thread(target=self.watch, daemon=True)
            self.watch_thread.start()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        end = time.monotonic() + START_S
        while not self.started:
            if not self.thread.is_alive() or time.monotonic() > end:
                raise ServerFailedToStartError("The server did not begin.")
            time.sleep(0.005)


def launch(page: gr.Blocks, **arguments: Any) -> None:
    """`page.launch`, by a server that is waited for. OSError where the port is in use."""
    http_server.Server = PatientServer  # Gradio makes the server by this name
    page.launch(**arguments)
