"""The function of Gradio's script that is replaced finds what the delivered one finds, however the page changes."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import gradio
import pytest

from cai_ui.web.gradio_scripts import replaced_scripts
from cai_ui.web.wayfinding import WALK, with_ways_kept

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


def tree(chance: random.Random, ids: list[int], depth: int = 0) -> dict[str, Any]:
    node: dict[str, Any] = {"id": ids.pop()}
    if depth < 4 and chance.random() < 0.8:
        node["children"] = [tree(chance, ids, depth + 1) for _ in range(min(chance.randint(0, 5), len(ids))) if ids]
    return node


def test_it_finds_what_the_delivered_one_finds() -> None:
    """Over trees that lose, gain and move parts; numbers that are nowhere are asked for, too."""
    driver = pytest.importorskip("playwright._impl._driver")
    (script,) = [path.read_text(encoding="utf-8") for path in ASSETS.glob("core-*.js")]
    walk = WALK.search(script)
    assert walk is not None
    replaced = with_ways_kept(walk[0])
    assert replaced is not None
    chance, steps = random.Random(7), []
    for _ in range(40):
        ids = list(range(300))
        chance.shuffle(ids)
        ids.append(1000)
        steps.append({"tree": tree(chance, ids), "ids": [1000, *range(0, 300, 3), 999]})
    program = SAME % (walk[0], walk["name"], replaced, walk["name"])
    node = driver.compute_driver_executable()[0]
    said = subprocess.run([node, "-e", program], input=json.dumps(steps), capture_output=True, text=True, timeout=60)
    assert (said.returncode, said.stdout.strip()) == (0, "[]"), said.stderr


def test_the_installed_gradio_s_script_is_replaced_and_another_one_is_left_alone() -> None:
    (path,) = ASSETS.glob("core-*.js")
    script, replaced = path.read_text(encoding="utf-8"), replaced_scripts()[f"/assets/{path.name}"]
    walk = WALK.search(script)
    assert walk is not None and walk[0] not in replaced.body.decode("utf-8")
    assert replaced.body.decode("utf-8").endswith(script[walk.end() :])
    assert replaced.headers["content-type"].startswith("text/javascript")
    assert with_ways_kept(script.replace("return null}", "return 0}")) is None
    assert with_ways_kept(script + walk[0]) is None
