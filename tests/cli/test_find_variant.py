"""What answers is named on the command line by its adapter, or by the name of the run that made it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cai_ui.cli import main
from cai_ui.cli.compare import find_variant
from cai_ui.errors import InputError, NotFoundError
from cai_ui.records import Run
from cai_ui.store import Store, open_store


def keep(store: Store, id: str, name: str) -> None:
    store.create_run(Run(id, name, "sft", "done", "d", {}, "me", "2026-11-30T00:00:00+00:00", adapter=id))


def test_a_variant_by_the_name_of_its_run(tmp_path: Path) -> None:
    with open_store(tmp_path, None) as store:
        for number, name in enumerate(("SFT first", "twice", "twice", "run-0")):
            keep(store, f"run-{number}", name)
        assert find_variant(store, "SFT first") == "run-0" and find_variant(store, "SFT first@10") == "run-0@10"
        assert all(find_variant(store, name) == name for name in ("run-1@3", "base", "http://a@b/c", "nope"))
        assert find_variant(store, "run-0") == "run-0", "an id goes before another run's name"
        with pytest.raises(InputError, match=r"2 runs are called 'twice'.*There are: run-2, run-1\."):
            find_variant(store, "twice")
        with pytest.raises(NotFoundError, match=r"no run 'nope'\. There are: run-3 \(run-0\), run-2 \(twice\), "):
            store.run("nope")
        keep(store, "run-4", "base")
        assert find_variant(store, "base") == "base", "the base goes before a run that is called so"


def test_what_is_not_there_is_told_with_what_there_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")

    def ask(*words: str) -> str:
        assert main([*words, "--home", str(tmp_path / "home"), "--model", "scripted"]) == 2
        return capsys.readouterr().err

    assert "There are: base." in ask("compare", "nope", "--per-kind", "1")
    assert "There are: base." in ask("pairs", "--variant", "nope", "--number", "1")
    assert "There are: train-harmful, train-helpful" in ask("generate", "--prompt-set", "nope")
    assert "Train one first." in ask("pack", "nope", "--out", str(tmp_path / "out"))
    assert "Nothing was taken from it." in ask("compare", "--prompts", str(empty))
    assert main(["readers", "evaluate", str(empty)]) == 2
    assert "Nothing was taken from it." in capsys.readouterr().err
