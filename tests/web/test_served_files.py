"""What a page serves and takes as files: their addresses do not say where the workspace lies."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest

from cai_ui.web.uploads import link_to


def test_addresses_of_files_do_not_say_where_they_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home-of-the-workspace"
    for name in ("uploads", "exports"):
        (home / name).mkdir(parents=True)
    made = home / "exports" / "a.jsonl"
    made.write_text("{}\n")
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(link_to(home / "uploads")))
    with gr.Blocks() as page:
        button, held, chosen, said = gr.Button(), gr.DownloadButton(), gr.File(), gr.Textbox()
        button.click(lambda: str(made), None, [held], queue=False, api_name="make")
        chosen.upload(lambda path: Path(path).read_text(), [chosen], [said], queue=False, api_name="read")
    _, url, _ = page.launch(
        prevent_thread_lock=True, quiet=True, ssr_mode=False, _frontend=False, allowed_paths=[str(made.parent)]
    )
    try:
        with httpx.Client(base_url=f"{url}gradio_api/", timeout=60) as asks:
            served = asks.post("run/make", json={"data": []}).json()["data"][0]
            assert asks.get(f"file={served['path']}").text == "{}\n" and "home-of" not in str(served)
            [taken] = asks.post("upload", files={"files": ("b.txt", b"hello")}).json()
            file: dict[str, Any] = {"path": taken, "meta": {"_type": "gradio.FileData"}}
            assert asks.post("run/read", json={"data": [file]}).json()["data"] == ["hello"] and "home-of" not in taken
            (home / "cai.db").write_text("secret")
            assert asks.get(f"file={home / 'cai.db'}").status_code == 403
            assert asks.get(f"file={Path(taken).parents[1] / '..' / 'cai.db'}").status_code == 403
    finally:
        page.close()
    assert sorted(path.name for path in (home / "uploads").rglob("*.*")) == ["a.jsonl", "b.txt"]


def test_a_killed_server_leaves_no_folder_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    for strange in ("cai-notours1/files", "cai-held0000/kept", "cai-replay-12345678"):
        (tmp_path / strange).mkdir(parents=True)
    (tmp_path / "cai-held0000" / "held").touch()
    begin = "import sys\nfrom pathlib import Path\nfrom cai_ui.web.uploads import link_to\n"
    program = f"{begin}print(link_to(Path({str(tmp_path)!r})), flush=True)\nsys.stdin.read()"
    how: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with ExitStack() as ends:
        running = [ends.enter_context(subprocess.Popen([sys.executable, "-c", program], **how)) for _ in range(2)]
        killed, lives = (Path(one.stdout.readline().strip()).parent for one in running)
        assert killed.exists() and lives.exists()
        running[0].kill()
        running[0].wait()
        mine = link_to(tmp_path)
        assert not killed.exists() and lives.exists() and mine.exists()
        assert len(list(tmp_path.iterdir())) == 5, "and what is not ours is as it was"
    assert not lives.exists(), "one that ends takes its own along"
