"""What is put into Gradio's script does what was there, however the page changes, and nothing else is touched."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import gradio
import pytest

from cai_ui.web.gradio_script import COPY, EDITS, MARKS, WALK, Edit, edited, replaced_scripts

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


@pytest.mark.parametrize("edit", EDITS, ids=("walk", "copy", "marks", "shown", "chosen", "typed", "added", "clock"))
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
        (answer,) = [one for address, one in served.items() if address.startswith(f"/assets/{edit.file}")]
        assert answer.headers["content-type"].startswith("text/javascript")
        place = edit.place.search(delivered(edit))
        assert place is not None and edit.put(place) in answer.body.decode("utf-8")
