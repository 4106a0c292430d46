"""A server that plays what each test of the backends tells it to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cai_ui.engine.backends.endpoint import EndpointEngine
from tests import playing_server
from tests.playing_server import Asked, Play, Server


@pytest.fixture(scope="module")
def stage() -> Iterator[Server]:
    with playing_server.running() as found:
        yield found


@pytest.fixture
def playing(stage: Server, request: pytest.FixtureRequest) -> Asked:
    def start(play: Play, **more: Any) -> EndpointEngine:
        name = request.node.name
        stage.plays[name] = play
        return EndpointEngine(stage.url, name, first_pause_s=0.01, **more)

    return start
