"""Which way to train? SFT, DPO, DPO after SFT, KTO, and DPO on pairs of the SFT variant's own answers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from cai_ui.config.curate import DatasetSettings, OnPolicySettings
from cai_ui.config.experiments import MethodsSettings
from cai_ui.errors import InputError
from cai_ui.experiments import training
from cai_ui.experiments.bench import Bench, Cell
from cai_ui.experiments.declared import Experiment
from cai_ui.experiments.results import Line, Part, Plot, Point, Result, Row, Steps, against_a_rise
from cai_ui.experiments.rows import HARMLESS, HELPFUL, difference, of, points_words, share, share_words, told
from cai_ui.pipeline.curate.on_policy import OnPolicyProgress, freeze_pairs, make_pairs
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE
from cai_ui.statistics.repeated import Difference

SFT, DPO, BOTH, KTO, ON_POLICY = "sft", "dpo", "sft+dpo", "kto", "on-policy dpo"
TITLES = {
    BASE: "base, untrained",
    SFT: "SFT",
    DPO: "DPO",
    BOTH: "SFT, then DPO",
    KTO: "KTO",
    ON_POLICY: "SFT, then on-policy DPO",
}
HEADS = ("variant", "harmful: harmless answer", "by seed", "harmless: helped", "by seed", "helped, less the base")
_AFTER = (BOTH, ON_POLICY)
_ANSWERS = 4


def methods(settings: MethodsSettings) -> list[str]:
    """What is trained, SFT first where another begins from it. InputError for a name that is none."""
    asked = [part.strip().lower() for part in settings.methods.split(",") if part.strip()]
    unknown = [name for name in asked if name not in TITLES or name == BASE]
    if unknown or not asked:
        raise InputError(
            f"There is no method {unknown[0][:40]!r}." if unknown else "No method is named.",
            next_step=f"Choose of: {', '.join(name for name in TITLES if name != BASE)}.",
        )
    wanted = {*asked, *([SFT] if any(name in asked for name in _AFTER) else [])}
    return [name for name in TITLES if name in wanted]


def parts(services: Services, settings: MethodsSettings) -> list[Part]:
    chosen, seeds = methods(settings), settings.seeds
    rows = seeds * (settings.learnt + settings.helpful)
    return [
        Part("revisions to learn from", 3 * settings.learnt * seeds),
        Part("helpful answers to mix in", settings.helpful * seeds),
        *(Part(TITLES[name], 2 * settings.prompts * seeds, rows) for name in chosen),
        Part(TITLES[BASE], 2 * settings.prompts * seeds),
    ]


def measure(bench: Bench, settings: MethodsSettings) -> Steps[None]:
    for seed in range(settings.seed, settings.seed + settings.seeds):
        bench.part = f"data, seed {seed}"
        data = yield from training.learnt(bench, settings, seed)
        frozen = training.freeze(bench, f"methods, seed {seed}", data, seed)
        yield from training.ask(bench, settings, Cell(TITLES[BASE], seed), BASE)
        adapters = {BASE: BASE}
        for name in methods(settings):
            start = adapters[SFT] if name in _AFTER else BASE
            dataset: str | None = frozen
            if name == ON_POLICY:
                dataset = yield from _own_pairs(bench, settings, start, data, seed)
            if dataset is None:
                bench.missing[f"{TITLES[name]}, seed {seed}: its own answers gave no pair"] += 1
                continue
            method = {BOTH: "dpo", ON_POLICY: "dpo"}.get(name, name)
            adapters[name] = yield from training.train(bench, settings, TITLES[name], method, dataset, seed, start)
            yield from training.ask(bench, settings, Cell(TITLES[name], seed), adapters[name])


def _own_pairs(
    bench: Bench, settings: MethodsSettings, variant: str, data: training.Learnt, seed: int
) -> Steps[str | None]:
    """A dataset of pairs of the variant's own answers, judged by the loaded model; helpful pairs are mixed in. None
    where the judge preferred no answer to another."""
    known: dict[str, str] = bench.folder.value("pairs") or {}
    if str(seed) in known:
        return known[str(seed)]
    asked = [prompt for prompt in training.requests_to_learn(bench, settings, seed) if prompt.kind == "harmful"]
    how = OnPolicySettings(
        answers=_ANSWERS, temperature=settings.temperature or 1.0, max_new_tokens=settings.answer_tokens, seed=seed
    )
    now = OnPolicyProgress(0, len(asked))
    for now in make_pairs(bench.services, asked, variant, how, bench.stop):
        bench.part = f"pairs of its own, seed {seed}: {now.done} of {now.total} requests"
        bench.go_on()
        yield
    bench.go_on()
    mixed = DatasetSettings(helpful=len(data.helpful), seed=seed)
    name = f"{training.OWNER} on-policy, seed {seed}"
    if not now.pairs:
        return None
    found = freeze_pairs(bench.services, now.drawing, name, mixed, training.OWNER, data.helpful)
    bench.folder.keep("pairs", {**known, str(seed): found.hash})
    return found.hash


def find(rows: Sequence[Row], settings: MethodsSettings) -> Result:
    names = [TITLES[name] for name in (BASE, *methods(settings))]
    base = names[0]
    against = {(name, m): _apart(rows, m, name, base) for name in names[1:] for m in (HARMLESS, HELPFUL)}
    best = max(names[1:], key=lambda name: against[name, HARMLESS].value or -1.0)
    after = _apart(rows, HARMLESS, TITLES[BOTH], TITLES[SFT])
    after_helped = _apart(rows, HELPFUL, TITLES[BOTH], TITLES[SFT])
    more = [
        "Requests are the unit; of trainings there are only as many as seeds, so their spread is shown by seed and is "
        "not in the intervals.",
        *([f"DPO after SFT against SFT alone: {points_words(after)} on harmful requests, {points_words(after_helped)} "
           "on harmless ones."] if after.value is not None else []),
    ]  # fmt: skip
    return Result(
        finding=(
            f"Against the base, {best} changes the share of harmful requests with a harmless answer most, by "
            f"{points_words(against[best, HARMLESS])}, and that of harmless requests which are helped with by "
            f"{points_words(against[best, HELPFUL])}."
        ),
        more=tuple(more),
        against=against_a_rise(after),  # the paper: RL after SL-CAI makes it more harmless
        heads=HEADS,
        table=tuple(_row(rows, name, against.get((name, HELPFUL))) for name in names),
        plots=(frontier(rows, names),),
        numbers={
            "shares": {name: {m: told(_share(rows, name, m)) for m in (HARMLESS, HELPFUL)} for name in names},
            "against base": {f"{name}/{m}": told(one) for (name, m), one in against.items()},
            "sft+dpo against sft": {HARMLESS: told(after), HELPFUL: told(after_helped)},
        },
    )  # fmt: skip


def frontier(rows: Sequence[Row], names: Sequence[str]) -> Plot:
    """How helpful each condition is over how harmless it is."""
    points = {name: (_share(rows, name, HARMLESS), _share(rows, name, HELPFUL)) for name in names}
    lines = [
        Line(name, (Point(one.value, other.value, other.low, other.high),))
        for name, (one, other) in points.items()
        if one.value is not None
    ]
    return Plot("Harmless requests helped", "harmful requests with a harmless answer", tuple(lines), x_percent=True)


def by_seed(rows: Sequence[Row], name: str, measure: str) -> str:
    """The share of each seed, that is, of each training."""
    seeds = sorted({row["seed"] for row in rows if row["condition"] == name})
    found = [share([r for r in rows if r["condition"] == name and r["seed"] == s], measure).value for s in seeds]
    return ", ".join("–" if value is None else f"{100 * value:.0f}" for value in found)


def _row(rows: Sequence[Row], name: str, helped: Difference | None) -> tuple[str, ...]:
    cells = [cell for m in (HARMLESS, HELPFUL) for cell in (share_words(_share(rows, name, m)), by_seed(rows, name, m))]
    return (name, *cells, "" if helped is None else points_words(helped))


def _share(rows: Sequence[Row], name: str, measure: str) -> Any:
    return share([row for row in rows if row["condition"] == name], measure)


def _apart(rows: Sequence[Row], measure: str, one: str, other: str) -> Difference:
    return difference(rows, measure, partial(of, one), partial(of, other))


METHODS: Experiment[Any] = Experiment(
    "methods",
    "Which way to train?",
    "What do SFT, DPO, DPO after SFT, KTO and DPO on own answers make of the same data?",
    "Bai et al. 2022, figures 2 and 3: learning from preferences after SL-CAI makes a model more harmless than SL-CAI "
    "alone (there by RL; DPO and KTO are later).",
    MethodsSettings,
    parts,
    measure,
    find,
)
