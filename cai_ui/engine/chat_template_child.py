"""The process that renders chat templates of others: started as a file by `chat_template`, ended with its pipe.

Lines of JSON come in, one comes out for each: {"define": key, "template": text}, then {"render": key, "messages": …}.
It imports nothing of this project, so that it is there in a second.
"""

from __future__ import annotations

import json
import signal
import sys
from typing import Any


def limit_memory(more: int) -> None:
    """From here on this process gets at most `more` bytes of address space. Nothing where the system cannot say."""
    try:
        import resource
    except ImportError:  # Windows
        return
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
    except OSError:  # no /proc: the time limit alone must do
        return
    top = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (top, top))


def answer(templates: dict[str, str], asked: dict[str, Any], longest: int) -> dict[str, Any]:
    """What one line asks for: {"text": …}, {"refused": sentence}, or {"limit": what ran out}."""
    from transformers.utils.chat_template_utils import render_jinja_template

    if "define" in asked:
        templates[asked["define"]] = asked["template"]
        return {"text": ""}
    try:
        rendered, _ = render_jinja_template(
            conversations=[asked["messages"]],
            chat_template=templates[asked["render"]],
            add_generation_prompt=asked["add_generation_prompt"],
            **asked["tokens"],
        )
    except (MemoryError, RecursionError):
        return {"limit": "memory"}
    except Exception as error:  # templates refuse by raising whatever Jinja raises
        return {"refused": str(error)[:300] or type(error).__name__}
    return {"text": rendered[0]} if len(rendered[0]) <= longest else {"limit": "length"}


def main(seconds: int, memory: int, longest: int) -> None:
    """Answer lines until there are no more. A render that takes longer than `seconds` ends the process."""
    import transformers.utils.chat_template_utils  # noqa: F401 - slow, so before the clock runs

    limit_memory(memory)
    templates: dict[str, str] = {}
    print("ready", flush=True)
    for line in sys.stdin:
        if hasattr(signal, "alarm"):  # also when whoever asked is gone
            signal.alarm(seconds)
        told = answer(templates, json.loads(line), longest)
        if hasattr(signal, "alarm"):
            signal.alarm(0)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*(int(value) for value in sys.argv[1:4]))
