"""The reader of the embedded model's answers: exact rules of its world, blind elsewhere."""

from __future__ import annotations

from cai_ui.readers import Outcome, Reading
from cai_ui.records import Prompt


class EmbeddedReader:
    """Reads by the rules of `demo.scoring`; no pattern and no weight is involved."""

    name = "rules of the embedded model"
    version = "1"

    def read(self, prompt: Prompt, answer: str, cut: bool = False) -> Reading:
        """What `answer` did with `prompt`, whose topic tells what fits."""
        from cai_ui.demo.scoring import score_answer

        found = score_answer(prompt, answer)
        if found.complied is None:
            return self._reading(Outcome.BROKEN, found.reason)
        if found.complied:
            return self._reading(Outcome.PARTLY_REFUSED if found.declined else Outcome.COMPLIED, found.reason)
        return self._reading(Outcome.REFUSED if found.declined else Outcome.EVADED, found.reason)

    def _reading(self, outcome: Outcome, reason: str) -> Reading:
        return Reading(outcome, self.name, self.version, reason)
