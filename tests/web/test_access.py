"""Who may do what: modes, names, and a right for every handler of the page."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from cai_ui.config.app import AppSettings
from cai_ui.config.experiments import ClustersSettings
from cai_ui.errors import AccessError, InputError
from cai_ui.pipeline import Services
from cai_ui.records import Dataset, Run
from cai_ui.records.people import RIGHTS, Right, Role
from cai_ui.store import Accounts
from cai_ui.web import rights
from cai_ui.web.access import ALL_HOUR, EACH_HOUR, LINE_HOUR, Access, Allowance, Mode, mode_of
from cai_ui.web.app import build_app
from cai_ui.web.kit.hidden import spellings, without
from cai_ui.web.session import Session, kept_name, rename
from tests.off_loop import finish


def asks(name: str | None) -> Any:
    """What Gradio knows of a request."""
    return SimpleNamespace(username=name)


def _handler(fn: Any) -> str:
    return f"{fn.__module__.removeprefix('cai_ui.')}:{fn.__qualname__}"


def test_every_handler_of_the_page_is_declared_once_and_none_is_left_over(services: Services) -> None:
    used = {_handler(event.fn) for event in build_app(services).fns.values() if event.fn}
    assert sorted(used - set(rights.NEEDS)) == [], "declare these in cai_ui/web/rights.py"
    assert sorted(set(rights.NEEDS) - used) == [], "these are gone from the page"
    for room, declared in rights.DECLARED.items():
        handlers = " ".join(declared.values()).split()
        assert len(handlers) == len(set(handlers)), room


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.VISITOR])
def test_each_role_may_call_what_it_has_the_right_for_and_nothing_else(accounts: Accounts, role: Role) -> None:
    door = Access(Mode.TEAM, accounts)
    name = next(account.name for account in accounts.all() if account.role is role)
    for handler, right in rights.NEEDS.items():
        if right in RIGHTS[role]:
            door.admit(handler, {}, [], name)
        else:
            with pytest.raises(AccessError, match="Ask an owner"):
                door.admit(handler, {}, [], name)


def test_a_handler_that_is_not_declared_is_the_owners(accounts: Accounts) -> None:
    door = Access(Mode.TEAM, accounts)
    door.admit("web.nowhere:new", {}, [], "Olga")
    with pytest.raises(AccessError):
        door.admit("web.nowhere:new", {}, [], "Tom")


def test_nobody_without_an_account_and_nobody_in_anothers_page(
    accounts: Accounts, caplog: pytest.LogCaptureFixture
) -> None:
    door, look = Access(Mode.TEAM, accounts), "web.header:Header.look"
    for name in (None, "", "Nobody"):
        with pytest.raises(AccessError, match="not signed in"):
            door.admit(look, {}, [], name)
    door.admit(look, {}, [Session("Ann", "p", True)], "Ann")
    with pytest.raises(AccessError, match="somebody else"):
        door.admit(look, {}, [Session("Ann", "p", True)], "Olga")
    with pytest.raises(AccessError, match="somebody else"):
        door.admit(look, {}, [Session()], "Olga")
    assert len(caplog.records) == 5, "each refusal is a line"
    accounts.remove("Ann")
    with pytest.raises(AccessError, match="not signed in"):
        door.admit(look, {}, [Session("Ann", "p", True)], "Ann")


def test_fields_of_the_page_that_ask_for_much_are_bounded_by_their_own_names(services: Services) -> None:
    """Seen: the bounds named knobs as they are written in the code, and no field of the page is called so."""
    page = build_app(services)
    asking = [event for event in page.fns.values() if event.fn and _handler(event.fn) in rights.ASKS_MODEL]
    fields = {block.elem_id for event in asking for block in event.inputs if isinstance(block, gr.Number | gr.Slider)}
    free = {"revise-seed", "revise-sampling-seed"}
    bounded = set()
    for field in sorted(name for name in fields if name):
        with suppress(AccessError):
            rights.bounded({field: 10**6})
            continue
        bounded.add(field)
    assert {"revise-sampling-max-new-tokens", "revise-critique-tokens", "revise-revision-tokens"} <= bounded
    assert {"revise-revisions"} <= bounded and not bounded & free, fields


def test_a_public_demo_bounds_what_one_press_asks_for(accounts: Accounts) -> None:
    door, run = Access(Mode.PUBLIC, accounts), "web.revise.tab:ReviseTab._run"
    door.admit(
        run, {"revise-sampling-max-new-tokens": 200, "revise-prompt": "2000 tokens", "compare-number": ""}, [], None
    )
    for field in ("revise-sampling-max-new-tokens", "revise-critique-tokens", "revise-revision-tokens"):
        for asked in (2000, 256.5, "2000", "1e9", 10**400):
            with pytest.raises(AccessError, match="at most 256 for tokens"):
                door.admit(run, {field: asked}, [], None)
    model = Access(Mode.PUBLIC, accounts, longest=lambda: 512)  # else the page's own values would be refused
    model.admit(run, {"revise-sampling-max-new-tokens": 512, "revise-revisions": 2}, [], None)
    for field, asked in (("revise-sampling-max-new-tokens", 513), ("revise-revisions", 3)):
        with pytest.raises(AccessError, match="at most"):
            model.admit(run, {field: asked}, [], None)
    with pytest.raises(AccessError, match="copy of your own"):
        door.admit("web.train.form:RunForm._start", {}, [], None)


@pytest.mark.parametrize("address", ["http://169.254.169.254/v1", "/etc", "someone/model"])
def test_only_an_owner_has_the_server_ask_another_model(accounts: Accounts, address: str) -> None:
    door = Access(Mode.TEAM, accounts, known_models=lambda: ["http://127.0.0.1:8000/v1#m"])
    run = "web.revise.tab:ReviseTab._run"
    for given in ("", "sft-1", "http://127.0.0.1:8000/v1#m"):
        door.admit(run, {"revise-critic": given}, [], "Ann")
    for field in ("revise-critic", "revise-reviser", "measure-judge", "experiments-clusters-embedding-model"):
        with pytest.raises(AccessError, match="Only an owner"):
            door.admit(run, {field: address}, [], "Ann")
    door.admit(run, {"revise-critic": address}, [], "Olga")


def test_what_stands_in_a_field_from_the_first_is_nobody_s_choice(accounts: Accounts) -> None:
    start = {"experiments-clusters-embedding-model": ClustersSettings().embedding_model}
    Access(Mode.TEAM, accounts).admit("web.experiments.tab:ExperimentsTab._start", start, [], "Tom")


def test_taking_a_decision_back_is_a_decision(services: Services) -> None:
    """Seen: who was made a viewer took decisions back and made them again on a page that was open."""
    page = build_app(services)
    numbers = {block.elem_id: number for number, block in page.blocks.items()}
    for name in ("curate-undo", "curate-redo"):
        pressed = (numbers[name], "click")
        (event,) = [event for event in page.fns.values() if event.fn and pressed in event.targets]
        assert rights.of(_handler(event.fn)) is Right.LABEL


def test_the_name_that_signs_is_the_accounts(accounts: Accounts) -> None:
    session, kept = Access(Mode.TEAM, accounts).come_in("Olga", asks("Ann"))
    assert (session.author, session.signed_in, kept) == ("Ann", True, "Ann")
    with pytest.raises(InputError, match="signed in as Ann"):
        rename(session, "Olga")


@pytest.mark.parametrize("stored", ["", None, 7, "x" * 500, "\ud800", {"author": "x"}, "local"])
def test_without_accounts_one_name_here_and_random_ones_among_strangers(accounts: Accounts, stored: object) -> None:
    session, kept = Access(Mode.OWN, accounts).come_in(stored, asks(None))
    assert (session.author, session.named, kept) == ("local", stored == "local", stored if stored == "local" else "")
    for door in (Access(Mode.OWN, accounts, alone=False), Access(Mode.PUBLIC, accounts, alone=False)):
        first, second = (door.come_in(stored, asks(None))[0] for _ in range(2))
        assert first.author.startswith("guest-") and first.author != second.author and first.page != second.page
    session, kept = Access(Mode.OWN, accounts, alone=False).come_in("Ada", asks(None), "?item=abc")
    assert (session.author, session.named, session.item, kept) == ("Ada", True, "abc", "Ada")


def test_nobody_takes_the_name_of_another_on_a_public_page(accounts: Accounts) -> None:
    """Seen: a visitor whose browser said an owner's name read the owner's drafts, and wrote over them."""
    door = Access(Mode.PUBLIC, accounts, alone=False)
    session, kept = door.come_in("Ada", asks(None), "?item=abc")
    assert session.guest and not session.named and session.item == "abc"
    again, same = door.come_in(kept, asks(None))
    assert again.author == session.author and same == kept, "a browser is known again"
    for said in (session.author, session.author.removeprefix("guest-"), kept[:-1], kept + "0", kept.upper(), [kept]):
        assert door.come_in(said, asks(None))[0].author not in (session.author, said)
    with pytest.raises(InputError, match="each browser has a name of its own"):
        rename(session, "Ada")
    renamed = rename(session, session.author)
    assert renamed.author == session.author and kept_name(renamed) == gr.skip(), "its secret stays in the browser"


@pytest.mark.parametrize(
    ("settings", "environment", "people", "mode"),
    [
        ({}, {}, False, Mode.OWN),
        ({"host": "::1"}, {}, False, Mode.OWN),
        ({"host": "0.0.0.0"}, {}, True, Mode.TEAM),
        ({"host": "0.0.0.0"}, {}, False, None),
        ({"host": "0.0.0.0", "open": True}, {}, False, Mode.OWN),
        ({"host": "0.0.0.0", "access": "own"}, {}, True, None),
        ({"host": "192.168.1.5", "access": "own", "open": True}, {}, False, Mode.OWN),
        ({"access": "team"}, {}, False, None),
        ({"access": "team"}, {}, True, Mode.TEAM),
        ({"host": "0.0.0.0"}, {"SPACE_ID": "me/space"}, False, Mode.PUBLIC),
        ({"host": "0.0.0.0", "access": "team"}, {"SPACE_ID": "me/space"}, True, Mode.TEAM),
        ({"host": "0.0.0.0", "access": "public"}, {}, False, Mode.PUBLIC),
    ],
)
def test_strangers_come_in_only_where_somebody_said_so(
    accounts: Accounts,
    tmp_path: Path,
    settings: dict[str, Any],
    environment: dict[str, str],
    people: bool,
    mode: Mode | None,
) -> None:
    known = accounts if people else Accounts(tmp_path / "none.json")
    if mode is None:
        with pytest.raises(InputError, match="users add"):
            mode_of(AppSettings(**settings), environment, known)
    else:
        assert mode_of(AppSettings(**settings), environment, known) is mode


def test_an_owner_may_do_everything_and_a_viewer_only_look() -> None:
    assert RIGHTS[Role.OWNER] == frozenset(Right)
    assert RIGHTS[Role.VIEWER] == {Right.LOOK}


def test_the_page_asks_before_it_calls(services: Services, accounts: Accounts) -> None:
    page = build_app(services, access=Access(Mode.TEAM, accounts))
    start = next(event for event in page.fns.values() if event.fn and event.fn.__qualname__ == "RunForm._start")
    state = page.fns and {block._id: Session("Ann", "p", True) for block in start.inputs if isinstance(block, gr.State)}
    with pytest.raises(gr.Error, match="train"):
        finish(page.process_api(start, [None] * len(start.inputs), state, asks("Ann")))


def test_a_public_demo_answers_only_so_often_and_says_when_again(accounts: Accounts) -> None:
    door, times = Access(Mode.PUBLIC, accounts), [0.0]
    door.allowance = Allowance(lambda: times[0])
    asks, mine = "web.compare.ask:AskBox._answer", [Session("guest-1")]
    assert asks in rights.ASKS_MODEL <= set(rights.NEEDS)
    for _ in range(EACH_HOUR):
        door.admit(asks, {}, mine, None)
        door.admit(asks, {}, mine, None, False)  # going on is no press
    times[0] = 600.0
    with pytest.raises(AccessError, match="in 50 min"):
        door.admit(asks, {}, mine, None)
    door.admit(asks, {}, [Session("guest-2")], None)
    door.admit("web.compare.ask:AskBox._draw", {}, mine, None)
    for number in range(ALL_HOUR - EACH_HOUR - 1):
        door.admit(asks, {}, [Session(f"guest-{number + 3}")], None)
    with pytest.raises(AccessError):
        door.admit(asks, {}, [Session("guest-new")], None)
    times[0] = 3600.0
    door.admit(asks, {}, mine, None)


def test_whoever_takes_ever_new_names_leaves_the_hour_to_others(accounts: Accounts) -> None:
    door, asks = Access(Mode.PUBLIC, accounts), "web.compare.ask:AskBox._answer"
    for number in range(LINE_HOUR):
        door.admit(asks, {}, [Session(f"guest-{number}")], None, address="203.0.113.7")
    with pytest.raises(AccessError, match="as often as it can"):
        door.admit(asks, {}, [Session("guest-new")], None, address="203.0.113.7")
    for _ in range(EACH_HOUR):
        door.admit(asks, {}, [Session("guest-ann")], None, address="198.51.100.2")


def test_what_asks_the_model_is_all_of_what_visitors_may_press_that_does() -> None:
    """A new handler that has the model answer has to be added: they are told by their names."""
    tries = {name for name, right in rights.NEEDS.items() if right is rights.TRY}
    telling = ("_answer", "_run", "_replay", "_again", "_follow_up", "_go_on", "_compute", "ask_about_human")
    assert {name for name in tries if name.endswith(telling)} == set(rights.ASKS_MODEL)


def test_only_an_owner_is_told_where_the_workspace_lies(services: Services, accounts: Accounts) -> None:
    """Train's commands and the log of a run said it; so would any other text of an answer, and any sentence."""
    data = services.store.save_dataset(Dataset("d", (), (), (), (), {}, (), {}), "Tom")
    run = Run("run-0123456789ab", "One", "sft", "failed", data.hash, {}, "Tom", "2026-01-02T03:04:05Z")
    services.store.create_run(run)
    folder, home = services.store.workspace.run_dir(run.id), str(services.store.workspace.home)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.txt").write_text(f"OSError: no {folder}/adapter", encoding="utf-8")
    page = build_app(services, access=Access(Mode.TEAM, accounts))
    look = next(event for event in page.fns.values() if event.fn and event.fn.__qualname__ == "WatchBox._look")

    def told(name: str) -> str:
        values = [getattr(block, "value", None) for block in look.inputs]
        return json.dumps(finish(page.process_api(look, values, SessionState(page), asks(name)))["data"], default=str)

    assert home in told("Olga") and "WORKSPACE" not in told("Olga")
    for name in ("Tom", "Vi"):
        said = told(name)
        assert home not in said and f"WORKSPACE/runs/{run.id}" in said and "no WORKSPACE/runs" in said
    assert home not in json.dumps(page.get_config_file(), default=str)


def test_a_place_is_hidden_however_it_is_written_and_a_file_is_still_found(tmp_path: Path) -> None:
    home = tmp_path / "Q&A"
    places = spellings(home, "~/cai")
    said = {"a": [f"<p>{home}/x</p>", (f"{tmp_path}/Q&amp;A/y", 1)], "b": str(Path("~/cai").expanduser())}
    assert without(said, places) == {"a": ["<p>WORKSPACE/x</p>", ["WORKSPACE/y", 1]], "b": "WORKSPACE"}
    file = {"path": f"{home}/uploads/a", "meta": {"_type": "gradio.FileData"}}
    assert without([file], places) == [file]
    assert spellings(Path("/w"), "w") == ("/w",), "a part of a path says nothing"
