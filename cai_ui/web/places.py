"""How much of the server one visitor holds at once, so that others find room beside them.

Gradio bounds its waiting line, its threads and the pages it keeps for all visitors together, and what nobody fetches
not at all: whoever took every place shut out everybody else. A visitor is an account, else an address. Who has what is
looked up in the line itself, so that whatever ends an event gives its place back.
"""

from __future__ import annotations

import ipaddress
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

from starlette.exceptions import HTTPException

from cai_ui.web import words

THREADS = 64
"""In which events are worked on. Not Gradio's forty: those are starlette's too, and while events held them all nothing
else was answered."""
EVENTS_EACH, IN_LINE_EACH = 48, 16
"""Events of one visitor that wait or are worked on, and those that wait where few are let in at once, of 64 in all. A
page that is opened has twelve of the first at once, and hardly one of the second."""
REQUESTS_EACH = 512
"""Requests of one visitor that are being answered, streams that are held open among them; a browser has six."""
HELD_EACH = 64 * 2**20
"""Bytes of one visitor's events that are being read, wait or are worked on."""
UNREAD = 300
"""Messages that wait for a page which does not fetch them; one that is open fetches each at once."""
PAGES_EACH, PAGES = 200, 1_000
"""Open pages of one visitor and of all that are kept; whoever comes back to one that was let go gets a new one."""
WHO, SIZE, PAGE = "cai.visitor", "cai.size", "cai.page"
"""What is noted in a request's scope: whose it is, the bytes of an event's body, and the page that an event is of."""


def visitor(name: str | None, address: str) -> str:
    """Who asks: the account, else the address; of IPv6 the network of 64 bits, all of which one line has."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return name or address[:100]
    if isinstance(known, ipaddress.IPv6Address):
        known = known.ipv4_mapped or ipaddress.ip_network((int(known) >> 64 << 64, 64)).network_address
    return name or str(known)


class Places:
    """What each visitor of one server holds. Not `bounded`, there is one person, who may hold everything."""

    def __init__(self, bounded: bool = True) -> None:
        self.bounded = bounded
        self._requests, self._held = Counter[str](), Counter[str]()
        self._pages: OrderedDict[str, str] = OrderedDict()
        self._left: deque[str] = deque(maxlen=PAGES)
        self._queue: Any = None
        self._states: Any = None

    def watch(self, app: Any) -> None:
        """Have the line of this app take no more than a visitor's share."""
        self._queue, self._states = app.get_blocks()._queue, app.state_holder
        push = self._queue.push

        async def within_bounds(body: Any, request: Any, username: str | None) -> Any:
            """Gradio's own way into the line; nothing else runs between this look and the event's place in it."""
            if self.bounded and self._full(request.scope, body):
                raise HTTPException(429, words.MUCH_AT_ONCE)
            return await push(body=body, request=request, username=username)

        self._queue.push = within_bounds

    def _full(self, scope: MutableMapping[str, Any], body: Any) -> bool:
        """Whether a visitor has as many events in the line and at work as one may, or fetches no answers."""
        who, lines = scope.get(WHO), list(self._queue.event_queue_per_concurrency_id.values())
        waiting = [(event, line) for line in lines for event in line.queue if event.request.scope.get(WHO) == who]
        at_work = [
            event for job in self._queue.active_jobs for event in job or () if event.request.scope.get(WHO) == who
        ]
        events = [*at_work, *(event for event, _ in waiting)]
        fetched = self._queue.pending_messages_per_session.get(body.session_hash)
        stands_in_line = self._queue.blocks.fns[body.fn_index].concurrency_limit is not None
        return (
            len(events) >= EVENTS_EACH
            or sum(event.request.scope.get(SIZE, 0) for event in events) + scope.get(SIZE, 0) > HELD_EACH
            or (stands_in_line and sum(line.concurrency_limit is not None for _, line in waiting) >= IN_LINE_EACH)
            or (fetched is not None and fetched.qsize() >= UNREAD)
        )

    @asynccontextmanager
    async def request(self, scope: MutableMapping[str, Any]) -> AsyncIterator[bool]:
        """Hold a place for a request while it is answered; whether there was one."""
        who = scope[WHO]
        self._requests[who] += 1
        try:
            yield not self.bounded or self._requests[who] <= REQUESTS_EACH
        finally:
            _give_back(self._requests, who, 1)
            _give_back(self._held, who, scope.get(SIZE, 0))
            if PAGE in scope:  # by now what Gradio keeps of a page is there
                await self._opened(who, scope[PAGE])

    def read(self, scope: MutableMapping[str, Any], size: int) -> bool:
        """Count bytes of an event that came in; whether a visitor may send so many at once."""
        scope[SIZE] = scope.get(SIZE, 0) + size
        self._held[scope[WHO]] += size
        return not self.bounded or self._held[scope[WHO]] <= HELD_EACH

    async def _opened(self, who: str, page: str) -> None:
        """Note that somebody uses a page. Who has too many loses those that they left longest ago, and no others do."""
        self._pages[page] = who
        self._pages.move_to_end(page)
        for left in self._left:  # an event that was at work when its page went has kept something of it since
            if left not in self._pages:
                self._drop(left)
        own = [kept for kept, whose in self._pages.items() if whose == who] if self.bounded else []
        for left in own[:-PAGES_EACH] or list(self._pages)[:-PAGES]:
            del self._pages[left]
            self._left.append(left)
            await self._forget(left)

    async def _forget(self, page: str) -> None:
        """Let go of all that Gradio keeps of a page; what it still has in the line or at work ends."""
        if self._queue is None:
            return
        await self._queue.clean_events(session_hash=page)
        self._drop(page)

    def _drop(self, page: str) -> None:
        if self._queue is None:
            return
        for kept in (
            self._queue.pending_messages_per_session,
            self._queue.pending_event_ids_session,
            self._states.session_data,
            self._states.time_last_used,
        ):
            kept.pop(page, None)


def _give_back(counter: Counter[str], who: str, number: int) -> None:
    counter[who] -= number
    if counter[who] <= 0:
        del counter[who]
