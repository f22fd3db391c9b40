"""Threads take turns as short as the shortest wish, and as long as before when nobody wishes anything any more."""

from __future__ import annotations

import sys
import threading
import time

import pytest

from runtime.turns import short_turns


def test_the_shortest_wish_counts_and_the_setting_comes_back():
    usual = sys.getswitchinterval()
    with short_turns(0.001):
        with short_turns(0.0001), short_turns(0.002):
            assert sys.getswitchinterval() == pytest.approx(0.0001)
        assert sys.getswitchinterval() == pytest.approx(0.001)
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_wishes_may_end_in_any_order():
    usual = sys.getswitchinterval()
    first, second = short_turns(0.0001), short_turns(0.001)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(0.001)
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(usual)


def test_a_longer_turn_than_usual_is_nobodys_wish():
    usual = sys.getswitchinterval()
    with short_turns(1.0):
        assert sys.getswitchinterval() == pytest.approx(usual)


def test_a_thread_waits_less_for_one_that_computes():
    def waits(times: int = 20) -> float:
        end, gaps = threading.Event(), []
        busy = threading.Thread(target=lambda: [sum(range(100)) for _ in iter(end.is_set, True)])
        busy.start()
        for _ in range(times):
            begin = time.perf_counter()
            time.sleep(0)  # lets go of the interpreter, and wants it back
            gaps.append(time.perf_counter() - begin)
        end.set()
        busy.join()
        return sorted(gaps)[times // 2]

    usual = waits()
    with short_turns(0.0002):
        assert waits() < usual / 2
