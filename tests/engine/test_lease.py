"""First come, first served; nobody starves."""

from __future__ import annotations

import threading
import time

from cai_ui.engine.lease import Lease


def wait_for(condition, seconds: float = 5.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.001)


def test_turns_come_in_the_order_of_asking():
    lease, order, threads = Lease(), [], []

    def take(name: int) -> None:
        with lease.hold("job", str(name)) as held:
            assert held
            order.append(name)

    with lease.hold("first"):
        for name in range(8):
            threads.append(threading.Thread(target=take, args=(name,)))
            threads[-1].start()
            wait_for(lambda waiting=name + 1: lease.waiting == waiting)
        assert lease.holder == "first"
    for thread in threads:
        thread.join()
    assert order == list(range(8)) and lease.holder == ""


def test_a_holder_that_asks_again_goes_to_the_end_of_the_line():
    lease, turns = Lease(), []
    start = threading.Barrier(3)

    def take(name: str) -> None:
        start.wait()
        for _ in range(30):
            with lease.hold(name):
                turns.append(name)
                time.sleep(0.001)

    threads = [threading.Thread(target=take, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    middle = turns[5:60]
    assert all(set(middle[i : i + 4]) == {"a", "b", "c"} for i in range(0, len(middle) - 4))


def test_one_holder_at_a_time():
    lease, inside, most = Lease(), [0], [0]

    def take() -> None:
        for _ in range(50):
            with lease.hold("x"):
                inside[0] += 1
                most[0] = max(most[0], inside[0])
                time.sleep(0)
                inside[0] -= 1

    threads = [threading.Thread(target=take) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1


def test_giving_up_leaves_the_line_moving():
    lease, stop, got = Lease(), threading.Event(), []

    def give_up() -> None:
        with lease.hold("impatient", stop=stop) as held:
            got.append(held)

    def patient() -> None:
        with lease.hold("patient") as held:
            got.append(held)

    with lease.hold("first"):
        threads = [threading.Thread(target=f) for f in (give_up, patient)]
        threads[0].start()
        wait_for(lambda: lease.waiting == 1)
        threads[1].start()
        wait_for(lambda: lease.waiting == 2)
        stop.set()
        threads[0].join(2)
        assert got == [False]
    threads[1].join(2)
    assert got == [False, True] and lease.waiting == 0


def test_an_error_inside_gives_the_lease_back():
    lease = Lease()
    try:
        with lease.hold("x"):
            raise ValueError
    except ValueError:
        pass
    with lease.hold("y") as held:
        assert held and lease.holder == "y"


def test_it_may_be_given_back_on_another_thread():
    """Gradio runs the steps of one generator on several threads."""
    lease = Lease()
    block = lease.hold("x")
    block.__enter__()
    thread = threading.Thread(target=lambda: block.__exit__(None, None, None))
    thread.start()
    thread.join()
    assert lease.holder == ""
