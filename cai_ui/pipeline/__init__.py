"""The stages joined with the services of one process: what page, command line and notebook do.

A room per stage, by the stage's name. One rule says where a question goes: **reads are asked of the store**
(`services.store.runs()`), **verbs of the pipeline** (`datasets.freeze_dataset(services, ...)`), and what one service
does by itself of that service (`services.jobs.stop(...)`, `services.batch.stop()`). Nothing here only forwards.

Every verb takes `Services` first, checks what comes from outside, keeps what was made, and raises an error of
`cai_ui.errors` whose text can be shown. Importing this loads neither torch nor gradio.

    services = open_services(AppSettings(home="workspace"))
    for event in chains.start_chain(services, "How do I read my friend's diary?", ...): ...
"""

from cai_ui.pipeline.opening import open_services
from cai_ui.pipeline.services import Services

__all__ = ["Services", "open_services"]
