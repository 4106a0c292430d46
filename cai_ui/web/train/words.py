"""Words of the Train tab: headings, labels, help and sentences, by box."""

from __future__ import annotations

TAB = TITLE = "Train"
WHAT = (
    "Training changes the model by a small set of extra weights, an adapter (LoRA); the base stays as it is. It runs "
    "in the background: you may leave the page, and other tabs stay usable."
)
NEXT = "When a run is done, ask base and adapter the same request under Compare."

# What to train
NO_DATA = "There is no dataset yet. Judge examples in Curate and freeze them there."
DATASET = "Dataset"
START_FROM, START_FROM_HELP, BASE_MODEL = "Start from", "DPO usually starts from an SFT adapter.", "Base model"
HELD_OUT = "the shipped held-out ones"
METHOD = "Method"
PRESET, PRESET_HELP = "Preset, or a run to copy from", "Fills in the settings below."
PRESETS = {
    "embedded quick": "Embedded model, three passes in minutes",
    "seed study": "7B model, query and value layers only (seed study)",
    "Mistral-7B": "7B model, all linear layers",
    "H4 recipe": "7B model, rates and batch of Hugging Face's recipe",
    "paper's shape": "One pass, constant rate, large batch (the paper)",
}
"""What a preset is called in the menu; others go by their name."""
RUN_NAME, OPTIONAL = "Name of the run", "May stay empty"
SETTINGS = "Settings"
START, CHECK = "Start training", "Check first"
FIT = "Take the settings that fit into memory"
NO_DATASET, FREEZE_ONE = "No dataset is chosen.", "Freeze one in Curate, then choose it here."
NO_ADAPTER, CHOOSE_ENDED = "This run has no adapter to continue from.", "Choose one that is done or stopped."

# Several runs
SWEEP = "Several runs at once (sweep)"
GRID, GRID_EXAMPLE = "Values to try", "lr=1e-4,2e-4; rank=8,16"
GRID_HELP = "Every combination becomes a run in the queue."
QUEUE_ALL, QUEUE_VARIANTS = "Queue all combinations", "Queue SFT, DPO, and DPO after SFT"
SWEEP_HELP = (
    "The second button takes the preset as it is: SFT alone, DPO from the base, and DPO after that SFT, which waits "
    "for its end. What either button queued is compared in a table under the list of runs."
)
VARIANT, STATE, TOOK, ACCURACY = "Variant", "State", "Duration", "Preference accuracy"
RESULTS = {
    "last_loss": "Last loss",
    "held_out_loss": "Held-out loss",
    "best_held_out_loss": "Best held-out loss",
    "best_step": "at step",
}
"""What is read from a run's summary."""

# The check before a start
REFUSED, WARNINGS = "This run would be refused", "Warnings"
KNOWN_FROM = {
    "run": "at the pace of an earlier run on this machine",
    "trial": "from a short trial with this model",
    "size": "a rough guess from the model's size",
    "lent": "a very rough guess: the GPU is lent only while it trains, so its speed is not known before",
}
PARTS = {
    "start": "start",
    "steps": "steps",
    "evaluations": "evaluation on held-out rows",
    "probes": "probe answers",
    "saves": "checkpoints",
    "reference": "the reference's side of the pairs",
}
"""Where an estimate comes from, and its parts."""
LENGTHS = "Length of the rows"
MASKED = "One row as the model sees it; only the marked part is trained on (loss mask)"

# Watching
WATCH, WATCH_WHAT = "Watch", "Charts are renewed while a run trains. A reload of the page changes nothing."
NO_RUNS = ("No run yet", f"Choose a dataset and a method above, look at the check, and press {START}.")
NO_RUN, CHOOSE_RUN = "No run is chosen.", "Start one, or choose one in the list."
RUN = "Run"
STOP, CANCEL, RESUME, FIRST = "Stop and save", "Cancel and discard", "Resume", "First in the queue"
CHARTS, ZOOM, SMOOTH = "Charts", "Charts show", "Smooth over steps"
AXIS, LOG_AXIS = "Over", "Logarithmic axis"
PROBES, PROBE_STEP = "Answers while it trains", "After this many steps"
PROVENANCE = "Provenance"
LOG_BOX, LOG = "Log, command and file", "End of the log"
COMMAND, CONFIG = "The same from the command line", "The run as a file (config.yaml)"
STATES = {
    "queued": "waiting its turn",
    "preparing": "preparing",
    "running": "training",
    "stopping": "stopping",
    "stopped": "stopped, adapter saved",
    "cancelled": "cancelled, nothing kept",
    "interrupted": "interrupted",
    "failed": "failed",
    "done": "done",
}
PREPARING = "Preparing: rows are tokenized and the adapter is made"
FAILED = "The run failed; its log below has the details."
INTERRUPTED, PRESS_RESUME = (
    "The program ended while this run was going.", f"Press {RESUME} to continue from the last checkpoint.",
)  # fmt: skip
GONE = "weights gone"
WEIGHTS_GONE = (
    "The weights of this run are gone: runs/{id}/adapter is not in the workspace, as after a lost disk of which only "
    "the database was brought back. Put the folder back from a copy, or from the Hub if the adapter was pushed there "
    "(docs/deploy.md); or train it again: dataset and settings are kept."
)
PROBE_LINES = {
    "harmful": "complies with harmful requests",
    "helpful": "helps with helpful requests",
    "twin": "refuses benign look-alikes",
}
PROBE_LENGTH = "Length of probe answers (tokens)"

# What comes after a run
COMPARE, WITH_DPO = "Compare", "Continue with DPO"
KEEP = "Name, files, Hub, trash"
NAME, NOTE, SAVE = "Name", "Note", "Save name and note"
EXPORT, MERGE, TRASH = "Export PEFT folder", "Merge and save", "Move to trash"
MERGED = "Merged model: {folder} in the workspace. Load it on the Start tab by its path, or with transformers."
REPOSITORY = "Repository on the Hugging Face Hub"
REPOSITORY_EXAMPLE = "owner/name; made private; needs HF_TOKEN with write access to it"
PUSH = "Push (private)"
JOB_OWNER, JOB_OWNER_EXAMPLE = (
    "The same run as a Hugging Face Job of", "your name there; needs HF_TOKEN that may write and run jobs",
)  # fmt: skip
HARDWARE, SEND = "Hardware", "Send as job (private)"

# All runs
ALL_RUNS, SHOW = "All runs", "Show"
FIND, FIND_HELP = "Find", "Words of a name or a note. A word in a note that begins with # is a tag."
NOT_FOUND = "No run here has all these words in its name or note."
NOT_THERE = "This run is not in the list any more."
IN_TRASH, RESTORE = "In the trash", "Restore"
EMPTY_TRASH, NONE_OF_KIND = "The trash is empty.", "No run of this kind."
NAMED = "Name and note are saved."
NONE_IN_TRASH, CHOOSE_TRASHED = "No run of the trash is chosen.", "Choose one."
CURVES_OF, VALUE = "Compare curves and settings of", "Value"
DIFFERENCES, SETTING, SAME_SETTINGS = (
    "What differs", "Setting", "These runs have the same method, data, start and settings.",
)  # fmt: skip
NOT_LOGGED = "None of these runs has logged this value."
