"""A private PostgreSQL server for the tests: its own folder, socket and user, gone at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

URL = "postgresql+psycopg://tests@/{name}?host={folder}"


def binaries() -> Path | None:
    """The folder with initdb and postgres of the newest version that is installed, or None."""
    versions = Path("/usr/lib/postgresql")
    found = sorted(versions.glob("*/bin/initdb"), key=lambda p: int(p.parts[-3])) if versions.is_dir() else []
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def server() -> Iterator[str]:
    """Start a server that listens on a socket only; gives the folder of the socket."""
    tools = binaries()
    assert tools is not None
    folder = Path(tempfile.mkdtemp(prefix="cai-pg-", dir="/tmp"))
    as_user = _other_user(folder)
    data = folder / "data"

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, capture_output=True, timeout=120, cwd=folder)

    try:
        run(str(tools / "initdb"), "-D", str(data), "-U", "tests", "--auth=trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"
        run(str(tools / "pg_ctl"), "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield str(folder)
        finally:
            run(str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _other_user(folder: Path) -> list[str]:
    """The server refuses to run as root, so root hands it to a user without rights."""
    if os.geteuid() != 0:
        return []
    folder.chmod(0o755)
    name = "postgres" if _exists("postgres") else "nobody"
    shutil.chown(folder, name)
    return ["setpriv", f"--reuid={name}", "--clear-groups", "--"]


def _exists(user: str) -> bool:
    return subprocess.run(["id", "-u", user], capture_output=True).returncode == 0
