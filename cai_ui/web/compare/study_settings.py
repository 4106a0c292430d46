"""What a study is asked to do, as fields: how much, on what, and the settings of its stages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from cai_ui.config.answers import Sampling
from cai_ui.config.curate import DatasetSettings
from cai_ui.config.revise import RevisionSettings
from cai_ui.config.studies import SeedStudySettings
from cai_ui.engine.interface import BUILT_IN
from cai_ui.pipeline import Services, models
from cai_ui.pipeline.constitution.constitutions import current_constitution
from cai_ui.pipeline.prompts.sets import prompt_sets
from cai_ui.studies.seed.command import command_of
from cai_ui.studies.seed.inputs import SeedInputs, training
from cai_ui.tables import SUFFIXES
from cai_ui.train.presets import PRESETS, default_preset
from cai_ui.web.compare import words
from cai_ui.web.kit.choices import set_choices, set_menu
from cai_ui.web.kit.events import Changes, Given
from cai_ui.web.kit.follows_model import FollowsModel
from cai_ui.web.kit.forms import build_form, optional_number, read_number
from cai_ui.web.session import Session


class StudySettings:
    """The fields, made where it is called. `inputs` are what `read` needs."""

    def __init__(self, services: Services) -> None:
        self.services = services
        with gr.Row():
            self.requests = set_menu(services, "study-requests")
            self.measured = gr.Dropdown(
                set_choices(prompt_sets(services)), value=[], multiselect=True, label=words.STUDY_MEASURED,
                info=words.STUDY_MEASURED_HELP, elem_id="study-measured", min_width=240,
            )  # fmt: skip
        self.requests.label = words.STUDY_SET
        with gr.Row():
            files = {"file_types": list(SUFFIXES), "height": 180, "min_width": 240}
            self.rows = gr.File(label=words.STUDY_ROWS, elem_id="study-rows-file", **files)
            self.helpful = gr.File(label=words.STUDY_HELPFUL, elem_id="study-helpful-file", **files)
        variants = [(title, name) for name, title in words.STUDY_VARIANTS.items()]
        self.trained = gr.CheckboxGroup(
            variants, value=[name for _, name in variants], label=words.STUDY_TRAINED, elem_id="study-trained"
        )
        self.form = build_form(SeedStudySettings, "study", leave_out=("trained",))
        self._stages()
        of_model = [self.preset, *self.revision.inputs, *self.sampling.inputs]
        self.usual = FollowsModel(services, self._usual, of_model)
        self.inputs = [
            self.requests, self.measured, self.rows, self.helpful, self.trained, *self.form.inputs,
            *self.numbers.values(), *of_model,
        ]  # fmt: skip

    def _stages(self) -> None:
        with gr.Accordion(words.STUDY_STAGES, open=False, elem_id="study-stages"):
            self.preset = gr.Dropdown(
                list(PRESETS), value=default_preset(small=False), label=words.STUDY_PRESET, elem_id="study-preset"
            )
            with gr.Row(elem_classes="cai-form-grid"):
                self.numbers = {
                    name: optional_number(
                        label, empty=words.STUDY_AS_PRESET, elem_id=f"study-training-{name.replace('_', '-')}"
                    )
                    for name, (label, _, _) in words.STUDY_TRAININGS.items()
                }
            apart = ("principle_id", "critic", "reviser")
            self.revision = build_form(RevisionSettings, "study-revision", leave_out=apart)
            self.sampling = build_form(Sampling, "study-sampling", leave_out=("seed",))

    def read(self, given: Given) -> tuple[SeedInputs, str]:
        """What is asked for, and the command that asks for the same. InputError for a value that does not fit."""
        trained = self._trainings(given)
        changes = {name: value for name, value in trained.items() if not name.endswith("_rate")}
        called = {name: label for name, (label, _, _) in words.STUDY_TRAININGS.items()}
        sft, dpo = (
            training(given[self.preset] or "", method, changes, trained.get(f"{method}_rate"), called)
            for method in ("sft", "dpo")
        )
        names = {"trained": ",".join(given[self.trained] or [])}
        asked = SeedInputs(
            self.form.read_from(given).model_copy(update=names),
            self.revision.read_from(given),
            self.sampling.read_from(given),
            DatasetSettings(),
            sft,
            dpo,
            current_constitution(self.services).hash,
            tuple(given[self.measured] or []),
            given[self.requests] or "",
            rows=_file(given[self.rows]),
            helpful_rows=_file(given[self.helpful]),
        )
        usual = models.default_revision(self.services), models.default_sampling(self.services)
        model = self.services.host.status().model
        return asked, command_of(asked, model, usual, given[self.preset], trained)

    def menus(self) -> Changes:
        """Sets that were imported since; what is chosen stays."""
        choices = set_choices(prompt_sets(self.services))
        return {menu: gr.update(choices=choices) for menu in (self.requests, self.measured)}

    def _trainings(self, given: Given) -> dict[str, Any]:
        """The numbers that were typed, by their names."""
        found = {
            name: read_number(given[self.numbers[name]], label, least, most)
            for name, (label, least, most) in words.STUDY_TRAININGS.items()
        }
        return {
            name: int(value) if value.is_integer() and not name.endswith("rate") else value
            for name, value in found.items()
            if value is not None
        }

    def _usual(self, _: Session) -> Changes:
        small = models.engine_status(self.services).model in BUILT_IN
        return {
            self.preset: default_preset(small),
            **self.revision.changes(models.default_revision(self.services)),
            **self.sampling.changes(models.default_sampling(self.services)),
        }


def _file(path: object) -> Path | None:
    return Path(path) if isinstance(path, str) and path else None
