"""Undo and redo."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from graph.history import History
from graph.messages import msg


class Value:
    """A state; only the very same object is the same state."""


A, B, C, D = (Value() for _ in range(4))


def history(*values: Value, **more) -> History[Value]:
    made = History(values[0])
    for number, value in enumerate(values[1:]):
        made.push(value, msg("Step {n}", n=number), **more)
    return made


def test_undo_and_redo_travel():
    h = history(A, B, C)
    h.undo()
    assert h.value is B
    h.undo()
    h.undo()
    assert h.value is A
    h.redo()
    h.redo()
    h.redo()
    assert h.value is C


def test_the_words_of_the_steps():
    h = history(A, B, C)
    assert (str(h.undo_text), h.redo_text) == ("Step 1", None)
    h.undo()
    assert (str(h.undo_text), str(h.redo_text)) == ("Step 0", "Step 1")
    h.undo()
    assert h.undo_text is None


def test_a_new_step_forgets_what_could_be_redone():
    h = history(A, B)
    h.undo()
    h.push(C, msg("Other"))
    h.redo()
    assert h.value is C
    h.undo()
    assert h.value is A


def test_no_change_is_no_step():
    h = history(A, B)
    h.undo()
    h.push(A, msg("Nothing"))
    h.redo()
    assert h.value is B


def test_steps_with_one_key_melt():
    h = history(A, B, C, merge="drag")
    h.undo()
    assert h.value is A


def test_steps_with_other_keys_do_not_melt():
    h = history(A)
    h.push(B, msg("Drag"), merge="one")
    h.push(C, msg("Drag"), merge="two")
    h.undo()
    assert h.value is B


def test_a_drag_that_ended_takes_no_more():
    h = history(A, B, merge="drag")
    h.end_merge()
    h.push(C, msg("Drag"), merge="drag")
    h.undo()
    assert h.value is B


def test_saved_is_the_state_in_the_file():
    h = history(A)
    assert h.is_saved
    h.push(B, msg("Change"))
    assert not h.is_saved
    h.undo()
    assert h.is_saved
    h.mark_saved(None)
    assert not h.is_saved


def test_a_saved_state_is_not_melted_away():
    h = history(A, B, merge="drag")
    h.mark_saved(B)
    h.push(C, msg("Drag"), merge="drag")
    h.undo()
    assert h.value is B
    assert h.is_saved


@given(st.lists(st.sampled_from(["push", "undo", "redo"])))
def test_agrees_with_two_stacks(actions):
    h, past, future = History(0), [0], []
    for number, action in enumerate(actions, start=1):
        if action == "push":
            h.push(number, msg("Step"))
            past, future = [*past, number], []
        elif action == "undo":
            h.undo()
            if len(past) > 1:
                future.append(past.pop())
        else:
            h.redo()
            if future:
                past.append(future.pop())
        assert h.value == past[-1]
        assert (h.undo_text is not None, h.redo_text is not None) == (len(past) > 1, bool(future))


def test_a_push_after_undo_does_not_melt_into_the_step_undone_to():
    history = History(0)
    history.push(1, msg("Drag"), merge="p")
    history.push(2, msg("Drag"), merge="q")
    history.undo()
    history.push(3, msg("Drag"), merge="p")
    history.undo()
    assert history.value == 1
