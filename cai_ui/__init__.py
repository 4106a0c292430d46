"""A workbench for Constitutional AI: principles, critique and revision, curation, LoRA training, comparison.

Importing this package loads nothing heavy. The stages are plain modules; `cai_ui.pipeline` joins them,
`python -m cai_ui` runs them from the command line and `app.py` serves the page.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# torch's threads otherwise spin while they wait for one another: beside a browser and a server on two cores, 200 chains
# on the embedded model then took several times as long. It is read when torch is loaded.

os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
# Products are compiled for each number of rows and columns, and 1,024 of them kept: some 80 MB that a server gathers
# within its first hour, for shapes that seldom come again.

os.environ.update(HF_HUB_DISABLE_TELEMETRY="1", DO_NOT_TRACK="1", GRADIO_ANALYTICS_ENABLED="False")
# Read by the libraries when they are imported: without this TRL reports each training to its makers, and gradio each
# start. What is asked of the Hub by somebody's wish (a model by name, a push) is all that leaves this machine.

os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(10**9))
# Otherwise gradio sums up its last ten thousand events after each event, for a dashboard that nobody opens here: half
# of all that the server computed while tests pressed one button after another.

__version__ = "0.1.0"
