"""What is put into Gradio's script does what was there, however the page changes, and nothing else is touched."""

from __future__ import annotations

import json
import random
import re
import subprocess
from pathlib import Path
from typing import Any

import gradio
import pytest

from cai_ui.web.gradio_script import ARGUMENTS, ATTACHED, COPY, EDITS, MARKS, WALK, Edit, edited, replaced_scripts

ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
SAME = """
const delivered = (() => { %s return %s; })(), kept = (() => { %s return %s; })();
let root;
const wrong = [];
for (const step of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
  root ??= step.tree;
  root.children = step.tree.children;
  for (const id of step.ids) if (delivered(root, id) !== kept(root, id)) wrong.push(id);
}
console.log(JSON.stringify(wrong));
"""
SENT = """
const said = [];
const page = { loading_stati: { current: {} } };
page.update_state_cb = async (id, { loading_status }) => said.push([id, { ...loading_status }]);
page.update = async function () { %s };
(async () => {
  const current = page.loading_stati.current;
  for (const step of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    if (step.in_place) Object.assign(current[step.id], step.mark); else current[step.id] = step.mark;
    for (const id in current) if (!step.in_place) current[id] = { ...current[id] };
    await page.update();
    said.push("-");
  }
  console.log(JSON.stringify(said));
})();
"""
ATTACH = """
class Page { %s %s
  constructor(events) { this.events = events; }
  traverse(tree, kinds) { return tree.map((node) => kinds.reduce((node, kind) => kind(node), node)); }
}
const made = ({ events, ids }) => {
  const tree = ids.map((id) => ({ id, props: { shared_props: {} } }));
  return new Page(events).postprocess(tree).map((node) => node.props.shared_props.attached_events);
};
console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8")).map(made)));
"""
SET = """
const said = [];
const page = {
  get_state_cb: async (id) => (id === 1 ? { value: "before" } : null),
  update_state_cb: async (...news) => said.push(news),
  %s
};
(async () => {
  for (const [id, given] of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
    const back = await page.set_event_args(id, given);
    said.push(typeof back);
    back();
  }
  console.log(JSON.stringify(said));
})();
"""


def node(program: str, given: Any) -> Any:
    driver = pytest.importorskip("playwright._impl._driver")
    command = [driver.compute_driver_executable()[0], "-e", program]
    said = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=60)
    assert said.returncode == 0, said.stderr
    return json.loads(said.stdout)


def delivered(edit: Edit) -> str:
    scripts = (path.read_text(encoding="utf-8") for path in ASSETS.glob(f"{edit.file}*.js"))
    (script,) = [script for script in scripts if edit.place.search(script)]
    return script


def tree(chance: random.Random, ids: list[int], depth: int = 0) -> dict[str, Any]:
    made: dict[str, Any] = {"id": ids.pop()}
    if depth < 4 and chance.random() < 0.8:
        made["children"] = [tree(chance, ids, depth + 1) for _ in range(min(chance.randint(0, 5), len(ids))) if ids]
    return made


def test_it_finds_what_the_delivered_one_finds() -> None:
    """Over trees that lose, gain and move parts; numbers that are nowhere are asked for, too."""
    walk = WALK.place.search(delivered(WALK))
    assert walk is not None
    chance, steps = random.Random(7), []
    for _ in range(40):
        ids = list(range(300))
        chance.shuffle(ids)
        ids.append(1000)
        steps.append({"tree": tree(chance, ids), "ids": [1000, *range(0, 300, 3), 999]})
    assert node(SAME % (walk[0], walk["name"], edited(walk[0], [WALK]), walk["name"]), steps) == []


def test_each_component_gets_each_mark_that_is_another_and_no_other() -> None:
    marks = MARKS.place.search(delivered(MARKS))
    assert marks is not None
    steps = [
        {"id": 1, "mark": {"status": "pending", "eta": None}},
        {"id": 2, "mark": {"status": "pending", "eta": 3}},
        {"id": 2, "mark": {"status": "generating"}},
        {"id": 1, "mark": {"status": "complete"}, "in_place": True},
        {"id": 1, "mark": {}},
    ]
    assert node(SENT % edited(marks[0], [MARKS]), steps) == [
        *([1, {"status": "pending", "eta": None}], "-"),
        *([2, {"status": "pending", "eta": 3}], "-"),
        *([2, {"status": "generating"}], "-"),
        *([1, {"status": "complete", "eta": None}], "-"),
        *([1, {}], "-"),
    ]


def test_a_mark_alone_copies_nothing_and_anything_else_does() -> None:
    found = COPY.place.search(delivered(COPY))
    assert found is not None
    condition = edited(found[0], [COPY]).partition("&&(await")[0]
    known = condition.partition("&&")[0]
    asked = [
        {"loading_status": {}},
        {"value": 1},
        {"visible": False},
        {"loading_status": {}, "visible": True},
        {"open": True},
    ]
    program = (
        f"console.log(JSON.stringify(JSON.parse(require('fs').readFileSync(0, 'utf8')).map(({found['news']}) => "
        f"((({known}) => Boolean({condition}))(true)))))"
    )
    assert node(program, asked) == [False, False, True, True, True]


def test_each_component_knows_the_events_that_the_delivered_script_finds() -> None:
    """An event that names a component twice counts once, by the first name; one without a name not at all."""
    script = delivered(ATTACHED)
    place = ATTACHED.place.search(script)
    finds = re.search(r"find_attached_events\([\w$]+,[\w$]+\)\{.*?\}(?=traverse\()", script)
    assert place is not None and finds is not None
    chance, asked = random.Random(3), []
    for _ in range(30):
        targets = [
            [[chance.choice((*range(12), None)), chance.choice(("click", "change", "", None))] for _ in range(count)]
            for count in chance.choices(range(4), k=25)
        ]
        asked.append({"events": [{"targets": each} for each in targets], "ids": list(range(15))})
    told = []
    for place_now in (place[0], edited(place[0], [ATTACHED])):
        # What else the tree is put through there stands in other files; the events are one of its steps.
        step = re.sub(
            r"\[.*?(?=[\w$]+=>(?:this\.find_attached|\([\w$]+\.props\.shared_props\.attached))", "[", place_now
        )
        step = step.replace("this.root=", "return ").replace(place["events"], "this.events")
        told.append(node(ATTACH % (finds[0], step + "])}"), asked))
    assert told[0] == told[1] and any(len(names) > 1 for each in told[0] for names in each)


def test_an_event_sets_the_arguments_it_has_and_one_without_looks_for_nothing() -> None:
    script = delivered(ARGUMENTS)
    whole = re.search(r"async set_event_args\(.*?\}(?=async cancel\()", script)
    assert whole is not None
    asked = [[1, {"value": "now"}], [2, {"value": "now"}], [1, {}], [None, {}]]
    now = edited(whole[0], [ARGUMENTS])
    told = [node(SET % text, asked) for text in (whole[0], now)]
    assert told[0] == told[1] and [1, {"value": "now"}, False] in told[0] and [1, {"value": "before"}, False] in told[0]
    looks = now.replace("this.get_state_cb?.(", "this.looked(").replace("async set", "looked() { throw 1 }, async set")
    assert node(SET % looks, [[1, {}], [None, {}]]) == ["function", "function"]


@pytest.mark.parametrize(
    "edit", EDITS, ids=("walk", "attached", "copy", "marks", "arguments", "shown", "chosen", "typed", "added", "clock")
)
def test_the_installed_gradio_s_script_is_replaced_there_only_and_another_one_is_left_alone(edit: Edit) -> None:
    script, place = delivered(edit), edit.place.search(delivered(edit))
    assert place is not None
    now = edited(script, [edit])
    assert len(edit.place.findall(script)) == edit.times
    assert now == edit.place.sub(edit.put, script) != script and now.startswith(
        script[: place.start()] + edit.put(place)
    )
    assert edited(script + place[0], [edit]) == script + place[0], "held once too often"
    assert edited(script.replace(place[0], ""), [edit]) == script.replace(place[0], ""), "not held"


def test_what_is_served_has_all_of_them() -> None:
    served = replaced_scripts()
    assert len(served) == len({edit.file for edit in EDITS})
    for edit in EDITS:
        (script,) = [one for address, one in served.items() if address.startswith(f"/assets/{edit.file}")]
        place = edit.place.search(delivered(edit))
        assert place is not None and edit.put(place) in script.decode("utf-8")
