"""The page as a whole: header, tabs, and what Gradio is told at launch.

`build_app` makes every tab first and wires them afterwards, so that a tab can be handed a component of another.
"""

from __future__ import annotations

import os
from typing import Any

import gradio as gr

from cai_ui.pipeline import Services
from cai_ui.web import gate, hotkeys, theme, words
from cai_ui.web.access import Access, Mode
from cai_ui.web.compare.tab import CompareTab
from cai_ui.web.curate.tab import CurateTab
from cai_ui.web.experiments.tab import ExperimentsTab
from cai_ui.web.header import Header
from cai_ui.web.hosts import own_names
from cai_ui.web.hub_provider import provider_of
from cai_ui.web.hub_sign_in import HubSignIn
from cai_ui.web.kit.events import AT_ONCE, QUIET
from cai_ui.web.kit.guard import Page
from cai_ui.web.kit.handover import Handover
from cai_ui.web.kit.hidden import spellings
from cai_ui.web.lineage.tab import LineageTab
from cai_ui.web.places import PAGES, THREADS, Places
from cai_ui.web.principles.tab import PrinciplesTab
from cai_ui.web.revise.tab import ReviseTab
from cai_ui.web.session import ASKED, Session, SessionParts, asked_for
from cai_ui.web.start import leads
from cai_ui.web.start.tab import StartTab
from cai_ui.web.stops import Stops
from cai_ui.web.train.tab import TrainTab
from cai_ui.web.uploads import UPLOAD_LIMIT, Uploads

QUEUE_LOOK_S = 0.02
"""Between two looks of Gradio's queue at whether somebody asks: a wait that nobody sees. Its own thousand looks a
second (Gradio 6.31) keep 7 % of a core busy while nobody does, these 2 %."""


def build_app(services: Services, stops: Stops | None = None, access: Access | None = None) -> gr.Blocks:
    """The whole page over these services. Nothing starts here; `launch_arguments` has the rest.

    `stops` is where streams register, for whoever closes the server; `access` says who may do what (None: one's own
    machine).
    """
    access = access or Access(Mode.OWN, services.store.accounts)
    line = {"max_size": 64, "default_concurrency_limit": 4, "api_open": False}
    with Page(line, title=words.TITLE, analytics_enabled=False, delete_cache=(3600, 86_400)) as page:
        page.admit = access.admit
        places = spellings(services.store.workspace.home, services.settings.home)
        page.hides = lambda name: () if access.may_own(name) else places
        page._queue.sleep_when_free = QUEUE_LOOK_S
        head = Header(services, access)
        with gr.Tabs(elem_id="tabs") as tabs:
            start = StartTab(services)
            principles = PrinciplesTab(services)
            revise = ReviseTab(services)
            curate = CurateTab(services)
            train = TrainTab(services)
            compare = CompareTab(services)
            experiments = ExperimentsTab(services)
            lineage = LineageTab(services)
        session = _session(page, tabs, head.shown, start.name, stops or Stops(), access)
        head.wire(session)
        start.wire(
            session,
            {
                leads.EVALUATION: compare.takes_evaluation(),
                leads.NUMBER: compare.takes_number(),
                leads.RUN: train.takes_run(),
                leads.PRINCIPLES: Handover("principles", choose=lambda *_: {}),
            },
        )
        principles.wire(session)
        revise.wire(session, [principles.trial.prompt_set], curate.visits.takes())
        curate.wire(session, train.form.takes())
        train.wire(session, compare.takes())
        compare.wire(session)
        experiments.wire(session)
        lineage.wire(session)
        session.open_page()
        _track_no_hidden_progress(page)  # all this before the page is described, which is when it is left
        _hear_the_last(page)
        _hear_choices(page)
    return page


def launch_arguments(services: Services, access: Access | None = None) -> dict[str, Any]:
    """Arguments for `Blocks.launch`, except for the address; `access` as for `build_app`.

    Nothing is shared, recorded in the browser, or asked of another host.
    """
    access = access or Access(Mode.OWN, services.store.accounts)
    return {
        "theme": theme.make_theme(),
        "css_paths": [*theme.STYLES],
        "head": hotkeys.head(),
        "footer_links": [],
        "run_history": False,
        "share": False,
        "inbrowser": False,
        "quiet": True,
        "show_error": False,
        "enable_monitoring": False,
        "mcp_server": False,
        "ssr_mode": False,
        "pwa": False,
        "max_file_size": UPLOAD_LIMIT,
        "max_threads": THREADS,
        "state_session_capacity": PAGES,
        "_frontend": False,  # no request to itself, which fails behind a proxy or on a busy machine and ends the start
        "allowed_paths": [str(services.store.workspace.exports_dir())],
        "auth": access.sign_in if access.mode is Mode.TEAM else None,
        "auth_message": words.SIGN_IN,
        "app_kwargs": {"lifespan": _gate(services, access)},
    }


def _gate(services: Services, access: Access) -> Any:
    """The gate with the names, quotas and people of this server."""
    hosts = own_names(services.settings.host_names, os.environ)
    uploads = Uploads(services.store.workspace.uploads_dir())
    provider = provider_of(os.environ) if access.mode is Mode.TEAM else None
    by_hub = HubSignIn(provider, access.hub, access.accounts) if provider and access.hub else None
    places = Places(bounded=not (access.alone and access.mode is Mode.OWN))
    return gate.outermost(
        hosts, uploads, access.signed_in, access.forget, lambda: services.host.status().state, by_hub, places
    )


def _track_no_hidden_progress(page: gr.Blocks) -> None:
    """Tell the browser to keep no loading status for outputs that show none.

    Otherwise each sign of life of any event visits every output of every event, and looks each up by walking the
    whole page: seconds when the page opens, and a delay at every press.
    """
    for event in page.fns.values():
        if event.show_progress == "hidden":
            event.show_progress_on = []


def _hear_the_last(page: gr.Blocks) -> None:
    """Have a choice that is made while the one before it is being answered answered, too.

    Gradio drops it (`trigger_mode` "once"): the page would show what belongs to another entry than the chosen one, and
    a slider that is moved on would not be kept where it stands.
    """
    for event in page.fns.values():
        if event.trigger_mode == "once" and {name for _, name in event.targets} & {"input", "release", "blur"}:
            event.trigger_mode = "always_last"


def _hear_choices(page: gr.Blocks) -> None:
    """Have a menu's event wait for a choice: that a menu is left is none, and would put a preset's settings over what
    was typed, or lead away from an example. `assets/menus.js` knows."""
    for number, event in page.fns.items():
        block, name = (page.blocks.get(event.targets[0][0]), event.targets[0][1]) if event.targets else (None, "")
        if isinstance(block, gr.Dropdown) and not block.multiselect and name == "input" and not event.js:
            event.js = f"(...values) => {{ window.caiChose('{block.elem_id}', {number}); return values; }}"


def _session(
    page: gr.Blocks, tabs: gr.Tabs, strip: gr.State, name: gr.Textbox, stops: Stops, access: Access
) -> SessionParts:
    state = gr.State(Session())
    browser = gr.BrowserState("", storage_key="cai-author", secret="author-name-only")
    address = gr.Textbox(visible="hidden", elem_id="address")
    known = [tab.id for tab in tabs.children if isinstance(tab, gr.Tab)]

    def lead(address: str) -> Any:
        tab, _ = asked_for(address)
        return gr.Tabs(selected=tab) if tab in known else gr.skip()

    here = "(kept) => [kept, window.caiAsked]"
    entered = page.load(access.come_in, [browser, address], [state, browser], js=here, **AT_ONCE)
    page.load(lead, [address], [tabs], js=ASKED, **AT_ONCE)
    tabs.change(None, None, None, js="() => window.caiTab()", **QUIET)
    return SessionParts(page, tabs, state, browser, entered, stops, strip, name)
