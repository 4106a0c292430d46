"""Start the page: flags and environment, services, page, launch.

    python app.py                          the embedded model on http://127.0.0.1:7860
    python app.py --model mistralai/Mistral-7B-Instruct-v0.3 --quantize nf4
    CAI_HOME=~/cai python app.py --port 8000

The page is up before the model is. On a Hugging Face Space it listens on all addresses.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from typing import TYPE_CHECKING

from cai_ui.cli.flags import Parser, add_flags, read_flags
from cai_ui.config.app import AppSettings
from cai_ui.errors import CaiError
from cai_ui.leaving import leave_after, unwind_at_sigterm
from cai_ui.logs import set_up_logs

if TYPE_CHECKING:
    from cai_ui.engine.interface import Engine

STREAMS_S = 5.0
"""How long answers that are being written may take to end when the server is asked to close."""
PRIVATE_NETWORKS = "127.0.0.1,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,100.64.0.0/10,fc00::/7"
"""Where the proxies of a Space are: in no network that a visitor comes from."""
OPEN_FILES = 65_536


def read_settings(arguments: Sequence[str], environment: Mapping[str, str]) -> AppSettings:
    """Settings from flags, then `CAI_*` variables, then defaults. Raises InputError for a bad value."""
    parser = Parser(prog="app.py", description="Constitutional AI Workbench")
    add_flags(parser, AppSettings)
    start = AppSettings(host="0.0.0.0") if environment.get("SPACE_ID") else None
    return read_flags(AppSettings, parser.parse_args(arguments), start, environment)


def port_is_taken(host: str, port: int) -> bool:
    """Whether something listens there already (a socket left over by a server that ended does not count)."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted; 2 means that it could not start, and a sentence on stderr says why."""
    set_up_logs()
    try:
        settings = read_settings(sys.argv[1:] if arguments is None else arguments, os.environ)
        if port_is_taken(settings.host, settings.port):
            return refuse(
                f"Port {settings.port} on {settings.host} is in use or not allowed. "
                f"Stop what listens there, or choose another with --port {settings.port + 1}."
            )
        return serve(settings)
    except CaiError as error:
        return refuse(str(error))


def serve(settings: AppSettings, engine: Engine | None = None) -> int:
    """Open the workspace, build the page and block until Ctrl+C or SIGTERM. `engine` is one that is there already.

    SIGTERM ends what is being streamed, with what was said so far kept, and a training run after its step with a
    checkpoint; a second one ends the program at once.
    """
    from cai_ui.engine.memory import few_heaps
    from cai_ui.pipeline import models, open_services, visitors
    from cai_ui.pipeline.backing_up import BackingUp
    from cai_ui.pipeline.curate import queue
    from cai_ui.pipeline.off_site.keeping import OffSite
    from cai_ui.pipeline.off_site.restoring import backup_repository
    from cai_ui.pipeline.zero_gpu import lent_engine

    few_heaps()
    no_proxy_to_itself(os.environ)
    believe_the_proxies_of_a_space(os.environ)
    many_open_files()
    unwind_at_sigterm()
    engine, cleaning = engine or lent_engine(settings), None
    repository = backup_repository(settings)
    services = open_services(settings, engine, load=False)
    backing_up = BackingUp(services.store, settings.backup_hours, settings.backups_kept)
    try:
        from cai_ui.web.uploads import link_to

        os.environ.setdefault("GRADIO_TEMP_DIR", str(link_to(services.store.workspace.uploads_dir())))
        from cai_ui.web.access import Access, Mode, is_loopback, mode_of
        from cai_ui.web.app import build_app, launch_arguments
        from cai_ui.web.hub_people import hub_people
        from cai_ui.web.patience import launch
        from cai_ui.web.stops import Stops

        stops = Stops()
        mode = mode_of(settings, os.environ, services.store.accounts)
        access = Access(
            mode,
            services.store.accounts,
            alone=is_loopback(settings.host),
            known_models=services.others.known,
            longest=lambda: models.longest(services),
            hub=hub_people(settings, os.environ),
        )
        services.any_folder = mode is Mode.OWN
        visitors.shown_to_the_public(services.store, mode is Mode.PUBLIC)
        cleaning = visitors.Cleaning(services.store) if mode is Mode.PUBLIC else None
        if repository is not None and mode is not Mode.PUBLIC:  # what visitors leave is to be deleted, not kept
            services.off_site = OffSite(services.store, repository, settings.backup_minutes)
            services.off_site.begin()
        page = build_app(services, stops, access)

        def ending() -> None:
            services.ask_to_close()
            stops.close(STREAMS_S)

        unwind_at_sigterm(ending)
        queue.read_queue(services)
        print(f"Constitutional AI Workbench: http://{settings.host}:{settings.port}", flush=True)
        if settings.open and not access.alone:
            print("Open: whoever reaches this port may read, change, train and delete everything here.", flush=True)
        arguments = launch_arguments(services, access)
        launch(page, server_name=settings.host, server_port=settings.port, prevent_thread_lock=True, **arguments)
        if engine is None:
            services.load_model()  # its libraries take seconds to come in, and the page is not to wait for them
        page.block_thread()
    except OSError as error:
        return refuse(f"The page could not be served on {settings.host}:{settings.port}: {error}")
    except KeyboardInterrupt:
        print("Closed.", flush=True)
    finally:
        if cleaning is not None:
            cleaning.close()
        backing_up.close()
        if services.off_site is not None:
            services.off_site.close()
        services.close()
    return 0


def no_proxy_to_itself(environment: MutableMapping[str, str]) -> None:
    """Have no proxy stand between this program and itself: Gradio asks its own server something at the start."""
    for name in ("NO_PROXY", "no_proxy"):
        kept = environment.get(name, "")
        environment[name] = ",".join(part for part in (kept, "127.0.0.1", "localhost") if part)


def believe_the_proxies_of_a_space(environment: MutableMapping[str, str]) -> None:
    """On a Space have its proxies, by which alone it is reached, say who asks: all visitors would be one otherwise."""
    if environment.get("SPACE_ID"):
        environment.setdefault("FORWARDED_ALLOW_IPS", PRIVATE_NETWORKS)


def many_open_files() -> None:
    """Take as many open files as this process may have: each connection is one, and with the usual 1,024 whoever opens
    a thousand of them shuts out all others, and keeps checkpoints and backups from being written."""
    try:
        import resource
    except ImportError:  # Windows
        return
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if most == resource.RLIM_INFINITY else min(most, OPEN_FILES)
    if few != resource.RLIM_INFINITY and few < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def refuse(sentence: str) -> int:
    """Say why there is no page; 2 is the exit status of a start that was refused."""
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    leave_after(main)
