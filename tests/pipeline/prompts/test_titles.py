"""What sets of prompts are called: a content that is known keeps its title, and no two have the same."""

from __future__ import annotations

from pathlib import Path

from cai_ui.pipeline import Services
from cai_ui.pipeline.prompts import files, sets, summary

from .test_files import write


def test_a_content_that_is_known_keeps_its_title_and_is_said_to_be_known(services: Services, tmp_path: Path) -> None:
    first, read = files.import_prompts(services, write(tmp_path, "ours.txt", "Ask me.\n"))
    assert read.known == "" and "already" not in summary.sentence(first.title, read)
    again, read = files.import_prompts(services, write(tmp_path, "theirs.txt", "Ask me.\n"), kind="harmful")
    assert (again.key, again.title, again.kinds) == (first.key, "ours", {"harmful": 1})
    assert "there already as “ours”, and keep that title." in summary.sentence(again.title, read)
    renamed, read = files.import_prompts(services, write(tmp_path, "ours.txt", "Ask me.\n"), "Mine")
    assert "there already as “ours”, and are called “Mine” now." in summary.sentence(renamed.title, read)


def test_no_two_sets_get_the_same_title(services: Services, tmp_path: Path) -> None:
    for name, asked in (("huge.csv", "prompt\nOne?\n"), ("huge.jsonl", [{"prompt": "Two?"}]), ("huge.txt", "Three?\n")):
        files.import_prompts(services, write(tmp_path, name, asked))
    shipped = next(one for one in sets.prompt_sets(services) if one.origin == "shipped").title
    files.import_prompts(services, write(tmp_path, "x.txt", "Four?\n"), shipped)
    titles = [one.title for one in sets.prompt_sets(services)]
    assert titles[-4:] == ["huge", "huge 2", "huge 3", f"{shipped} 2"] and len(set(titles)) == len(titles)
