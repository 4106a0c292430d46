"""A workbench for Constitutional AI: principles, critique and revision, curation, LoRA training, comparison.

Importing this package loads nothing heavy. The stages are plain modules; `cai_ui.pipeline` joins them,
`python -m cai_ui` runs them from the command line and `app.py` serves the page.
"""

__version__ = "0.1.0"
