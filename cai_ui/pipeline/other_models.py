"""Models beside the main one, which criticise, revise or judge for it. Loaded when they are first asked for.

An address is `embedded`, a folder, a name on the Hub, or a server's address followed by # and its name for the model
(which may be left out where it has only one): http://127.0.0.1:8000/v1#my-model.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping

from cai_ui.config.app import AppSettings
from cai_ui.config.knobs import checked
from cai_ui.engine import load_engine
from cai_ui.engine.backends.several import is_address
from cai_ui.engine.interface import Engine, EngineStatus
from cai_ui.text import clean_text

KEYS = {
    "endpoint": "CAI_ENDPOINT_KEY",
    "critic": "CAI_CRITIC_KEY",
    "reviser": "CAI_REVISER_KEY",
    "judge": "CAI_JUDGE_KEY",
}
"""Which environment variable holds the key for the server that a setting names."""
ROLES = ("critic", "reviser", "judge")
ADDRESS_LIMIT = 1000


class OtherModels:
    """`start` are the settings the process was started with: only servers named there are sent a key."""

    def __init__(self, start: AppSettings, environment: Mapping[str, str] = os.environ) -> None:
        self._start, self._environment = start, environment
        self._loading = threading.Lock()
        self._there: dict[str, Engine] = {}

    def get(self, address: str) -> Engine:
        """The model, loaded if need be. EngineError or InputError, with a sentence, where that is not possible."""
        address = clean_text(address, "Address of the model", limit=ADDRESS_LIMIT).strip()
        with self._loading:  # two may not fit into memory while they are loaded
            if address not in self._there:
                server, model = split(address)
                chosen = {"endpoint": server, "model": model, "revision": ""}
                settings = checked(AppSettings, {**self._start.model_dump(), **chosen})
                self._there[address] = load_engine(settings, key=self.key(server))
            return self._there[address]

    def loaded(self, address: str) -> Engine | None:
        """The model if it is loaded already."""
        return self._there.get(address.strip())

    def key(self, server: str) -> str:
        """What is sent to this server; "" for one that was not named at the start."""
        for setting, variable in KEYS.items():
            named, value = split(getattr(self._start, setting))[0], self._environment.get(variable, "")
            if server and named.rstrip("/") == server.rstrip("/") and value:
                return value
        return ""

    def known(self) -> list[str]:
        """Addresses named at the start, and those that are loaded."""
        named = [getattr(self._start, role) for role in ROLES]
        return list(dict.fromkeys([*(name for name in named if is_address(name)), *self._there]))

    def statuses(self) -> dict[str, EngineStatus]:
        """Those that are loaded, by address."""
        return {address: engine.status() for address, engine in list(self._there.items())}

    def close(self) -> None:
        """Free the memory of all of them; whoever asks next loads anew."""
        with self._loading:
            for engine in self._there.values():
                engine.close()
            self._there.clear()


def split(address: str) -> tuple[str, str]:
    """Server ("" for a model of this machine) and name of the model."""
    if not address.startswith(("http://", "https://")):
        return "", address
    server, _, model = address.partition("#")
    return server, model or AppSettings().model
