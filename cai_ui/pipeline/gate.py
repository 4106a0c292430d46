"""A judge beside the reader where revisions are accepted automatically: what the two differ about is left to people."""

from __future__ import annotations

from collections.abc import Sequence

from cai_ui.engine.interface import StopFlag
from cai_ui.judges.answers import judge_answers
from cai_ui.judges.rubrics import REFUSAL
from cai_ui.pipeline.judges import judge_used, sentence, standing_of
from cai_ui.pipeline.model_host import WAIT_S
from cai_ui.pipeline.services import Services
from cai_ui.records import BASE, Example


def approved(
    services: Services, judge: str, examples: Sequence[Example], stop: StopFlag | None = None
) -> tuple[list[Example], str]:
    """Those of the examples, which the reader finds right, that the judge finds right too: it sees a refusal of harmful
    requests, and none of others. And in words what it did otherwise, and how far it was checked.

    Without a judge all of them, and no words. Raises what makes the judge unusable.
    """
    if not judge or not examples:
        return list(examples), ""
    used = judge_used(services, judge, REFUSAL.name)
    services.store.keep_judge(used)
    engine = services.engine_for([judge], WAIT_S)
    asked = [(example.conversation, example.revision) for example in examples]
    said = dict(judge_answers(engine, asked, REFUSAL, judge=used.name, adapter=judge or BASE, stop=stop))
    kept, differs, unread = [], 0, len(examples) - len(said)
    for place, found in said.items():
        if found.likeliest is None:
            unread += 1
        elif (found.likeliest == 1) == (examples[place].prompt.kind == "harmful"):
            kept.append(examples[place])
        else:
            differs += 1
    words = f"; the judge {used.name} differs about {differs} and could not read {unread}"
    return kept, f"{words} ({sentence(standing_of(services, used)).rstrip('.')})"
