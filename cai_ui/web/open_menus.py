"""Gradio's menus, made to bear that their list gets shorter while they are open.

Seen in Gradio 6.31: an open menu goes on showing places of the former list, so that the script fails at the first one
that is gone and the menu stays as it is until the page is loaded again; and where several entries may be chosen, Enter
on such a place chooses nothing as if it were something. A script that reads otherwise is served as it is.
"""

from __future__ import annotations

import re

SHOWN = re.compile(r"(?P<entry>\.choices\[[\w$]+\([\w$]+\)\])\[0\]")
"""Where the name of the entry at a place is read."""
CHOSEN = re.compile(
    r"\.map\((?P<one>[\w$]+)=>typeof (?P=one)==`number`\?[\w$]+\([\w$]+\)\[(?P=one)\]:(?P=one)\)(?!\.filter)"
)
"""Where chosen places become values."""


def with_lists_that_shrink(script: str) -> str | None:
    """The script with both made safe; None where it does not hold each of them."""
    if ".choices[" not in script:
        return None
    shown, named = SHOWN.subn(r"\g<entry>?.[0]", script)
    safe, chosen = CHOSEN.subn(r"\g<0>.filter((one) => one !== undefined)", shown)
    return safe if named and chosen else None
