"""Letting a model go gives its memory back, counted in bytes by the operating system."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

IN_A_PROCESS_OF_ITS_OWN = """
import gc, json, sys
from pathlib import Path

sys.path[:0] = sys.argv[2:]
from transformers import AutoConfig, AutoModelForCausalLM
from tiny_model import build_tiny_model
from cai_ui.config.answers import Sampling
from cai_ui.config.app import AppSettings
from cai_ui.engine import load_engine
from cai_ui.engine.interface import Request
from cai_ui.records import Message

def resident():
    line = next(l for l in Path("/proc/self/status").read_text().splitlines() if l.startswith("VmRSS"))
    return int(line.split()[1]) * 1024

folder = build_tiny_model(Path(sys.argv[1]))
config = AutoConfig.from_pretrained(folder)
config.hidden_size, config.intermediate_size, config.num_hidden_layers = 768, 2688, 4
AutoModelForCausalLM.from_config(config).save_pretrained(folder)

def asked():
    return [Request((Message("user", f"question {i}"),), Sampling(max_new_tokens=8)) for i in range(16)]

first = load_engine(AppSettings(model="embedded"))
first.generate(asked())
first.close()
del first
gc.collect()
before = resident()
engine = load_engine(AppSettings(model=str(folder)))
weights = engine.status().memory_bytes
engine.generate(asked())
used = resident()
engine.close()
print(json.dumps({"weights": weights, "used": used - before, "left": resident() - before}))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
@pytest.mark.slow
def test_letting_a_model_go_gives_its_memory_back(tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, str(tmp_path / "model"), str(ROOT), str(ROOT / "tests")],
        env={**os.environ, "HF_HUB_OFFLINE": "1"}, capture_output=True, text=True, timeout=300, check=True,
    ).stdout  # fmt: skip
    found = json.loads(told.splitlines()[-1])
    assert found["weights"] > 100e6
    assert found["used"] > 0.9 * found["weights"]
    assert found["left"] < 0.15 * found["weights"], found
