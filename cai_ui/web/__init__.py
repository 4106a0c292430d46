"""The page. The only package that may import gradio; it knows the pipeline and nothing below it.

Each tab file has three parts: handlers (plain functions: services first, then values), a frozen
dataclass of its components, and `build` and `wire`. `app.py` builds every tab, then wires them.
"""

from cai_ui.web.gradio_import import import_gradio

import_gradio()
