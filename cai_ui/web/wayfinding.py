"""One function of Gradio's script, replaced: how it finds a component of the page by its number.

Seen in Gradio 6.31: for each value that an event sends or brings, and for each mark that something is going on, the
script walks the whole page from its root until it meets the component, every step through a proxy that keeps account of
who looked. This page has thousands of parts, so an event with forty settings took a second of the browser's time (in
the tests' browser three quarters of all of it). Here the way to each component is kept, and looked up anew where it
leads elsewhere, so that what is found is the same. A script that holds no such function is served as it is.
"""

from __future__ import annotations

import re

WALK = re.compile(
    r"function (?P<name>[\w$]+)\((?P<node>[\w$]+),(?P<id>[\w$]+)\)\{if\((?P=node)\.id===(?P=id)\)return (?P=node);"
    r"if\((?P=node)\.children\)for\(let (?P<child>[\w$]+) of (?P=node)\.children\)"
    r"\{let (?P<found>[\w$]+)=(?P=name)\((?P=child),(?P=id)\);if\((?P=found)\)return (?P=found)\}return null\}"
)
"""The function as it is delivered, whatever its names are."""
KEPT = """
const caiWays = new WeakMap();
function %s(root, id) {
  const follow = (way) => {
    let node = root;
    for (const place of way) if (!(node = node.children?.[place])) return null;
    return node;
  };
  const known = caiWays.get(root)?.get(id), found = known && follow(known);
  if (found?.id === id) return found;
  const ways = new Map();
  const walk = (node, way) => {
    if (!node) return;
    if (!ways.has(node.id)) ways.set(node.id, way);
    if (node.children) { let place = 0; for (const child of node.children) walk(child, [...way, place++]); }
  };
  walk(root, []);
  caiWays.set(root, ways);
  return ways.has(id) ? follow(ways.get(id)) : null;
}
"""


def with_ways_kept(script: str) -> str | None:
    """The script with that function replaced; None where it does not hold it exactly once."""
    found = list(WALK.finditer(script))
    if len(found) != 1:
        return None
    begin, end = found[0].span()
    return script[:begin] + KEPT % found[0]["name"] + script[end:]
