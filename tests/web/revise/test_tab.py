"""The Critique & Revision tab: what it opens on, and that its events name what they change."""

from __future__ import annotations

import gradio as gr

from cai_ui.config.answers import Sampling
from cai_ui.config.revise import RevisionSettings
from cai_ui.pipeline import Services
from cai_ui.web.revise import few_shot, stepper, trace_html
from cai_ui.web.revise.branches import BranchBox
from cai_ui.web.revise.few_shot import FewShotBox
from cai_ui.web.revise.settings import SettingsBox
from cai_ui.web.session import Session

from .running import ME, QUICK, run


def test_changes_fill_components_that_the_events_name(services: Services) -> None:
    with gr.Blocks():
        box, panel, how = BranchBox(services), FewShotBox(services), SettingsBox(services.settings)
    for view in (*run(services), stepper.View(trace_html.NOTHING_YET, None)):
        assert set(box.changes(view)) <= set(box.shown)
    shown = panel.show(0)
    assert set(shown) == {panel.listed, panel.state, panel.seen, *panel.fields.values()}
    assert set(panel._look(0, shown[panel.seen])) == {panel.state}, "what is typed stays"
    assert set(panel._look(0, "")) == set(shown)
    assert shown[panel.fields["request"]]["value"] == few_shot.examples_now(services)[0].request
    assert stepper.kept_settings(services, ME) == (RevisionSettings(), Sampling())
    stepper.keep_settings(services, ME, QUICK, Sampling(seed=7))
    kept = stepper.kept_settings(services, ME)
    assert kept == (QUICK, Sampling(seed=7))
    assert set(how.changes(*kept)) == set(how.filled)


def test_the_tab_opens_on_ones_own_trace_and_not_on_what_others_made(services: Services) -> None:
    assert run(services)[-1].trace is not None
    assert stepper.show_last(services, Session("somebody else")).trace is None
