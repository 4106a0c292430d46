"""Gradio's own script, served with some of its places replaced: two that hold up a page while it opens, three that go
through the whole page for each event, two by which a menu fails whose list gets shorter while it is open, two that take
something else than what was typed into a menu or tell nobody, and a clock that never stops.

Seen in Gradio 6.31, on this page of thousands of parts, where an event with forty settings took a second of the
browser's time: for each value that an event sends or brings, and for each mark that something is going on, the script
walks the page from its root until it meets the component, every step through a proxy that keeps account of who looked;
for each such mark it copies all that stands in the component and in those inside it; and it sends the marks of all
components that ever had one whenever that of one has changed. While the page opens, each component is compared with
each event, and each event looks for a component to which it has nothing to give: about half of the time until the page
can be used. What the page shows is the same without.

An open menu goes on showing places of the former list, so that the script fails at the first one that is gone and the
menu stays as it is; and where several entries may be chosen, Enter on such a place chooses nothing as if it were one.

In a menu that takes any text, Enter took the first entry that holds what was typed; one of several entries took the
text, even none, and said no "input".

A mark counts the seconds that something takes, once for each picture the browser draws; one that is taken off the page
while it counts went on counting, so that a page which was left alone kept the browser busy.

A script that does not hold such a place as often as it should is served as it is.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Edit:
    """A place of the files whose names begin so, whatever its variables are called there, how often it is there, and
    what is put there."""

    file: str
    place: re.Pattern[str]
    put: Callable[[re.Match[str]], str]
    times: int = 1


_WAYS = """
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
WALK = Edit(
    "core-",
    re.compile(
        r"function (?P<name>[\w$]+)\((?P<node>[\w$]+),(?P<id>[\w$]+)\)\{if\((?P=node)\.id===(?P=id)\)return (?P=node);"
        r"if\((?P=node)\.children\)for\(let (?P<child>[\w$]+) of (?P=node)\.children\)"
        r"\{let (?P<found>[\w$]+)=(?P=name)\((?P=child),(?P=id)\);if\((?P=found)\)return (?P=found)\}return null\}"
    ),
    lambda found: _WAYS % found["name"],
)
"""The way to each component is kept, and looked up anew where it leads elsewhere, so that what is found is the same."""

_ATTACHED = """
const caiAttached = (events) => {
  const found = new Map();
  for (const event of events) {
    const seen = new Set();
    for (const [id, name] of event.targets) {
      if (seen.has(id)) continue;
      seen.add(id);
      if (!found.has(id)) found.set(id, []);
      if (name) found.get(id).push(name);
    }
  }
  return found;
};
"""
ATTACHED = Edit(
    "core-",
    re.compile(
        r"postprocess\((?P<tree>[\w$]+)\)\{(?P<first>this\.root=this\.traverse\((?P=tree),\[(?:(?!find_attached).){0,400}?)"
        r"(?P<node>[\w$]+)=>this\.find_attached_events\((?P=node),(?P<events>this\.#[\w$]+)\)"
    ),
    lambda found: (
        f"postprocess({found['tree']}){{{_ATTACHED}const caiEvents=caiAttached({found['events']});{found['first']}"
        f"{found['node']}=>({found['node']}.props.shared_props.attached_events="
        f"caiEvents.get({found['node']}.id)??[],{found['node']})"
    ),
)
"""The events of each component are looked up; every one was compared with each of a page's five hundred."""

COPY = Edit(
    "core-",
    re.compile(
        r"(?P<known>[\w$]+&&!\(`value`in (?P<news>[\w$]+)\))"
        r"(?P<copies>&&\(await this\.#[\w$]+\([\w$]+,[\w$]+\),await this\.#[\w$]+\([\w$]+\)\))"
    ),
    lambda found: (
        f"{found['known']}&&Object.keys({found['news']}).some((key)=>key!==`loading_status`){found['copies']}"
    ),
)
"""What stands in a component is copied before it may leave the page; a mark alone makes none leave."""

_CHANGED = (
    "const caiSent=this.caiSent??=new Map(),caiNew=([id,now])=>{const was=caiSent.get(id);caiSent.set(id,{...now});"
    "return!was||[...Object.keys(was),...Object.keys(now)].some((key)=>was[key]!==now[key])};"
)
MARKS = Edit(
    "Blocks-",
    re.compile(
        r"(?P<all>await Promise\.all\(Object\.entries\(this\.loading_stati\.current\))"
        r"(?P<send>\.map\(\(\[(?P<id>[\w$]+),(?P<mark>[\w$]+)\]\)=>"
        r"this\.update_state_cb\(Number\((?P=id)\),\{loading_status:(?P=mark)\},!1\)\)\))"
    ),
    lambda found: f"{_CHANGED}{found['all']}.filter(caiNew){found['send']}",
)
"""A mark is sent to its component where it is another than the last one sent there."""

ARGUMENTS = Edit(
    "Blocks-",
    re.compile(r"(?P<head>async set_event_args\([\w$]+,(?P<given>[\w$]+)\)\{)(?P<rest>let [\w$]+=\{\},)"),
    lambda found: (
        f"{found['head']}if({found['given']}&&!Object.keys({found['given']}).length)return()=>{{}};{found['rest']}"
    ),
)
"""An event without arguments of its own sets none. Its component was looked for all the same, for each event when the
page opens, and all over the page where it is nowhere in it, as for what follows another event."""

SHOWN = Edit(
    "Index-",
    re.compile(r"(?P<entry>\.choices\[[\w$]+\([\w$]+\)\])\[0\]"),
    lambda found: f"{found['entry']}?.[0]",
    times=2,
)
"""The name of the entry at a place of an open menu, where that place is still there."""

CHOSEN = Edit(
    "Index-",
    re.compile(
        r"\.map\((?P<one>[\w$]+)=>typeof (?P=one)==`number`\?[\w$]+\([\w$]+\)\[(?P=one)\]:(?P=one)\)(?!\.filter)"
    ),
    lambda found: f"{found[0]}.filter((one)=>one!==undefined)",
    times=3,
)
"""Chosen places become values, those that are still there."""

TYPED = Edit(
    "Index-",
    re.compile(
        r"(?P<before>(?P<free>[\w$]+)=[\w$]+\([\w$]+,`allow_custom_value`,3,!1\).{0,6000}?:\([\w$]+\([\w$]+,1\),"
        r"[\w$]+\([\w$]+\([\w$]+\),[\w$]+\(\)\),[\w$]+\([\w$]+,)"
        r"(?P<first>[\w$]+\([\w$]+\)\.length>0\?[\w$]+\([\w$]+\)\[0\]:null,!0\))"
    ),
    lambda found: f"{found['before']}!{found['free']}()&&{found['first']}",
)
"""Typing leads to the first entry that fits, for Enter to take, only where nothing but entries can be taken."""

ADDED = Edit(
    "Index-",
    re.compile(
        r"(?P<menu>[\w$]+)\.props\.allow_custom_value(?:&&[\w$]+\([\w$]+\)!==``)?"
        r"&&\((?P<add>[\w$]+\((?P<text>[\w$]+\([\w$]+\))\),[\w$]+\([\w$]+,``\))\)"
    ),
    lambda found: (
        f"{found['menu']}.props.allow_custom_value&&{found['text']}!==``"
        f"&&({found['add']},{found['menu']}.dispatch(`input`))"
    ),
    times=2,
)
"""A text that is typed into a menu of several entries is told as one that is chosen there; no text is none."""

CLOCK = Edit(
    "statustracker-",
    re.compile(
        r"(?P<loop>function (?P<tick>[\w$]+)\(\)\{[\w$]+\(\(\)=>\{[\w$]+\([\w$]+,"
        r"\(performance\.now\(\)-[\w$]+\([\w$]+\)\)/1e3\),[\w$]+)(?P<again>&&(?P=tick)\(\)\}\)\}"
        r".{0,3000}?(?P<mark>[\w$]+)&&[\w$]+\(\)&&\([\w$]+\.status===`pending`\|\|)"
    ),
    lambda found: f"{found['loop']}&&{found['mark']}?.isConnected{found['again']}",
)
"""A mark that counts seconds stops when it is taken off the page; it went on sixty times a second for ever."""

EDITS = (WALK, ATTACHED, COPY, MARKS, ARGUMENTS, SHOWN, CHOSEN, TYPED, ADDED, CLOCK)


def edited(script: str, edits: Sequence[Edit]) -> str:
    """The script with those of the places replaced which it holds as often as it should."""
    for edit in edits:
        if len(edit.place.findall(script)) == edit.times:
            script = edit.place.sub(edit.put, script)
    return script


def replaced_scripts() -> dict[str, bytes]:
    """What is answered in place of Gradio's own files, by the address of each."""
    replaced, places = {}, 0
    for file in (files("gradio") / "templates" / "frontend" / "assets").iterdir():
        edits = [edit for edit in EDITS if file.name.startswith(edit.file) and file.name.endswith(".js")]
        if not edits:
            continue
        delivered = file.read_text(encoding="utf-8")
        script = edited(delivered, edits)
        if script != delivered:
            replaced[f"/assets/{file.name}"] = script.encode("utf-8")
            places += sum(edited(delivered, [edit]) != delivered for edit in edits)
    if places < len(EDITS):
        log.info(
            "this Gradio's script is made otherwise in %d of %d places; it is served so",
            len(EDITS) - places,
            len(EDITS),
        )
    return replaced
