"""`study`: critique and revision measured on held-out requests; and the seed study."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from cai_ui.cli import seed_study
from cai_ui.cli.command import check_out, command, loaded, opened, write_text
from cai_ui.cli.flags import Arguments
from cai_ui.errors import InputError
from cai_ui.formats.writing import json_text

if TYPE_CHECKING:
    from cai_ui.cli.command import Commands


def add(commands: Commands) -> None:
    group = commands.add_parser("study", help="studies: what critique and revision do; the seed study, redone")
    actions = group.add_subparsers(required=True, metavar="STUDY")
    seed_study.add(actions)
    parser = command(actions, "revision", _revision, "what critiques and revisions do, per mode, round and principle")
    parser.add_argument(
        "--set", dest="set_keys", action="append", metavar="KEY",
        help="prompt set; may be repeated (default: the shipped held-out ones)",
    )  # fmt: skip
    parser.add_argument("--number", type=int, default=200, help="held-out requests of each side (default: 200)")
    parser.add_argument("--per-principle", type=int, default=200, help="requests for each principle (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="decides requests and texts (default: 0)")
    parser.add_argument("--temperature", type=float, default=0.7, help="of all answers (default: 0.7)")
    parser.add_argument(
        "--out", type=Path, required=True,
        help="Markdown file; two SVG and a JSON file go beside it. Written anew after each principle",
    )  # fmt: skip


def _revision(parsed: Arguments) -> int:
    from cai_ui.config.answers import Sampling
    from cai_ui.config.knobs import checked
    from cai_ui.pipeline.prompts.measured import prompts_to_measure
    from cai_ui.records import to_dict
    from cai_ui.studies.revision import Study, run_study
    from cai_ui.studies.revision_plot import principles_svg, rounds_svg
    from cai_ui.studies.revision_report import study_markdown

    if parsed.number < 1 or parsed.per_principle < 1:
        raise InputError("--number and --per-principle must be at least 1.")
    check_out(parsed.out)
    plots = parsed.out.with_suffix(".svg"), parsed.out.with_name(f"{parsed.out.stem}_principles.svg")
    check_out(*plots, parsed.out.with_suffix(".json"))
    checked(Sampling, {"temperature": parsed.temperature, "seed": parsed.seed})
    with opened(parsed, load=False) as services:
        prompts_to_measure(services.store, ",".join(parsed.set_keys or ()), parsed.number, parsed.seed)
        loaded(services)
        for news in run_study(
            services,
            parsed.number,
            parsed.per_principle,
            parsed.seed,
            parsed.temperature,
            ",".join(parsed.set_keys or ()),
        ):
            if isinstance(news, Study):
                write_text(plots[0], rounds_svg(news))
                write_text(plots[1], principles_svg(news))
                write_text(parsed.out, study_markdown(news, plots[0].name, plots[1].name))
                write_text(parsed.out.with_suffix(".json"), json_text(to_dict(news), 1) + "\n")
            else:
                print(news, file=sys.stderr)
    print(parsed.out)
    return 0
