"""The app as a process of its own: a port for it, and when it answers."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from typing import Any


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ready(process: subprocess.Popen[Any], port: int, within_s: float) -> int:
    """Wait until the app answers that its model is loaded, ended, or took too long; gives its last answer's status, 0
    for none."""
    end, answer = time.monotonic() + within_s, 0
    while answer != 200 and process.poll() is None and time.monotonic() < end:
        time.sleep(0.2)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/readyz")
            answer = connection.getresponse().status
        except OSError:
            continue
    return answer
