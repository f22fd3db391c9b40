"""Threads take turns as short as the shortest wish, and as long as before when nobody wishes anything any more."""

from __future__ import annotations

import sys

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
