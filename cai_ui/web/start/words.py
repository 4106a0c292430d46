"""Words of the Start tab: headings, labels, help and sentences, by box."""

from __future__ import annotations

from cai_ui.web.principles.words import SAVE
from cai_ui.web.principles.words import TAB as PRINCIPLES

TAB = "Start"
TITLE = "Teach a model by principles"
WHAT = (
    "Write down how a model should behave. It criticises its own answers by your principles and rewrites them. You "
    "judge the rewrites, train a small adapter on the good ones, and compare the model before and after."
)
NEXT = (
    f"Open {PRINCIPLES}, change one, and start the guided run again. The embedded model follows principles about harm, "
    "tone, what to offer, a word to mention or a warning, most surely in plain words; Principles says of each whether "
    "it knows it."
)
NEXT_REAL = (
    "Open Principles, change one, and ask one request on Critique & Revision: how far the loaded model follows a "
    "principle is seen in its own critiques and revisions. Then judge, train and compare with as many requests as you "
    "have the time for."
)
"""Where a model is loaded that did not come with the workbench."""

# The guided run
GUIDED_RUN = "See it work first"
GUIDED_RUN_WHAT = (
    "One click does all of it with defaults: revise answers to a prompt set, accept the revisions, freeze a dataset, "
    "train twice (SFT, then DPO), and ask each model the same held-out requests. {time} You may look at the other tabs "
    "meanwhile, or close the page."
)
TIME = "About five minutes on two processor cores with the embedded model."
TIME_REAL = (
    "The loaded model revises {traces} answers and is trained twice, which takes hours on a processor; the run can be "
    "stopped and gone on with."
)
RUN, STOP, BY_HAND = "Start the guided run", "Stop", "Do it step by step instead"
SETS = "Ask at the end from these prompt sets"
SETS_HELP = "None: the held-out ones that come with the workbench. Your own are imported on Critique & Revision."
BEFORE_AND_AFTER = "Before and after"
EVALUATED = (
    "The same held-out requests, answered by the model as it was and by what you trained. The thin lines are 95 % "
    "intervals. All answers are under Compare."
)
BEFORE, AFTER = "Before", {"sft": "After SFT", "dpo": "After DPO"}
FAILED = "The guided run ended early."
STOPPED, CLOSED = "Stopped at “{stage}”.", "The program was closed at “{stage}”."
STOPPING = "Stopping …"
KEPT = "Kept: {what}."
KEPT_DATASET, KEPT_RUN = "the dataset", "the {method} run on the Train tab"
NOTHING_KEPT = "No trace was finished yet, so nothing is kept. Start the guided run again."
FAILURE, NO_FAILURE = "Where it still fails", "On these held-out requests it failed nowhere."
LEFT = "about {time} left in all"
NO_LEFT = "How long it takes in all is known once a run with this model has come to its end."
SEE_ROWS, SEE_RUN, SEE_DATA = "All answers of this evaluation", "{method} run", "The dataset"
SIDE_BY_SIDE = "Side by side: “{one}” and “{other}”"
BESIDE_WHAT = "The last model of each guided run, asked the same held-out requests."
EARLIER = "Earlier guided runs"
OWN = "Try it with your own principle"
OWN_STEPS = (
    f"Change one principle and press “{SAVE}”, which puts it to use.",
    "Come back here and start the guided run again; this picture is kept.",
    "See both models side by side.",
)
TO_PRINCIPLES = f"Open {PRINCIPLES}"
NO_LEAD = "That leads nowhere; press a link on this page."
RESUME = "Go on where it ended"
GO_ON = f"“{RESUME}” makes what is missing; “{RUN}” begins anew."
SEE_TAKES = "Takes a few minutes on two processor cores with the embedded model; nothing is downloaded."
HAND_TAKES = "Takes as long as you like; each step works at once with the embedded model."
DOORS = (
    ("see", "See it work", "One press does the whole method and shows what changed.",
     SEE_TAKES, "To the guided run"),
    ("hand", "Explore by hand", "Write a principle, watch one request being criticised and revised, judge, train.",
     HAND_TAKES, TO_PRINCIPLES),
    ("real", "Use a real model", "SmolLM2 135M or 360M on a CPU, Mistral-7B, a folder of yours, or a server.",
     "SmolLM2: 0.3 or 0.7 GB once, seconds for an answer on two cores. Mistral-7B: 14.5 GB once and a GPU with 16 GB, "
     "or 6 GB in 4-bit. A server: its address.", "Choose a model"),
)  # fmt: skip
"""Id, title, what, what it takes, and the words of the link."""
TAKES_REAL = {
    SEE_TAKES: "Takes hours on a processor with the model that is loaded; a GPU is faster.",
    HAND_TAKES: "Takes as long as you like; how soon an answer is there depends on the model that is loaded.",
}
"""What they take where a model is loaded that did not come with the workbench."""
DONE_IN = "Done in {time}"
HEADLINE = {
    "harmful": "complied with harmful requests {before} → {after}",
    "helpful": "helped with ordinary ones {before} → {after}",
    "twin": "refused benign look-alikes {before} → {after}",
}
"""By kind of request, what the share before and after the run is said of."""

# The annotator
YOU, NAME = "Annotator name", "Name"
NAME_HELP = "Signs your decisions and versions. Kept in this browser."

# The model
MODEL_PANEL = "Which model answers"
CHANGE, WEIGHTS = "Change model", "Weights"
EMBEDDED = "Embedded model – in this repository, no download"
SMALL = "SmolLM2-135M-Instruct – real English on a CPU, Apache-2.0, downloads about 0.3 GB once"
LESS_SMALL = "SmolLM2-360M-Instruct – larger, Apache-2.0, downloads about 0.7 GB once"
MISTRAL = "Mistral-7B-Instruct-v0.3 – Apache-2.0, downloads about 14.5 GB once"
IN_FOLDER = "A model folder on this computer"
ON_SERVER = "An OpenAI-compatible server (vLLM, TGI, llama.cpp, ...)"
SCRIPTED = "Scripted – no model at all, to try out the page"
QUANTIZE = [("choose by itself", "auto"), ("16-bit", "none"), ("4-bit (nf4, needs bitsandbytes)", "nf4")]
FOLDER, FOLDER_EXAMPLE = "Folder", "/home/me/models/my-mistral"
ADDRESS, ADDRESS_EXAMPLE = "Address of the server", "http://127.0.0.1:8000/v1"
SERVED, SERVED_EXAMPLE = "Model name on the server", "may be left empty if it has only one"
LOAD, UNLOAD = "Load this model", "Unload other models"
NOT_OFFERED, CHOOSE_LISTED = "That model is not in the list.", "Choose one of the list."
ASKING = "The server is being asked; the strip at the top says when it is ready."
FACTS = {
    "model": "Model", "state": "State", "device": "Runs on", "memory": "Weights", "revision": "Revision",
    "cache": "Prefix cache", "other": "Also loaded",
}  # fmt: skip
A_SERVER, THE_SERVER, NOT_KNOWN = "a server", "on the server", "not known"
EMBEDDED_WORLD = (
    "The embedded model knows a small world: a few million weights for everyday requests, mild wrongdoings such as "
    "reading a friend's diary, and principles about them. It complies with harmful requests on purpose, so that there "
    "is something to train away. It cannot talk about anything else, and it fails as real models do: temperature "
    "matters, revisions repeat patterns, too much training makes it refuse too much. To work with a model of real "
    f"English instead, open “{MODEL_PANEL}” below."
)
SCRIPTED_WORLD = (
    "No model is loaded: fixed sentences stand in for answers, so that the page can be tried out. Training and "
    f"evaluation need a model; open “{MODEL_PANEL}” below."
)
MEMORY = (
    "SmolLM2 speaks real English on two cores and criticises badly, as models of its size do; training took up to "
    "12 GB with eight rows of 384 tokens in a batch. "
    "Mistral-7B needs about 16 GB of GPU memory in 16-bit, about 6 GB in 4-bit (nf4), and 16 GB of RAM without a GPU, "
    "where it is slow. Training LoRA adapters on it wants a GPU with 12 GB or more in 4-bit. A folder must hold a "
    "Mistral-architecture model with its tokenizer and chat template."
)
SERVER = (
    "A server runs traces, batches and comparisons faster than this machine may; training and adapters need a model "
    "that is loaded here. A key is read from the environment variable CAI_ENDPOINT_KEY and is sent only to the server "
    "named at the start (--endpoint or CAI_ENDPOINT)."
)
JUDGE, JUDGE_HELP = (
    "Judge of what is accepted",
    "A model that must agree with the reader before a revision is accepted; the rest is left to you in Curate.",
)
