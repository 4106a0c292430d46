"""Runs: a frozen dataset becomes a LoRA adapter by one of the `methods` (TRL), in a background thread.

`jobs` queues and starts runs, `run` is one run from data to adapter, `preflight` checks it before, `estimate`
says what it will take at the `pace` of an earlier run or of a `trial`. What a run writes stands in its folder
(`run_folder`): `config.json`, `metrics.jsonl`, `log.txt`, `checkpoints/`, `adapter/`, and `result.json`, the exit
record that alone decides how the run ended.
"""
