"""Runs that go on elsewhere: their events as they are written down, here or behind an ssh."""

from __future__ import annotations

import math
import os
import platform
import shlex
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from graph import files
from graph.messages import RunError, msg
from graph.model import Project
from runtime import run_hold, watched
from runtime.events import EpochEnded, Failed, Health, LayerHealth, Noted, RunStarted, StepsEnded, Stopped, to_json
from runtime.run_hold import hold, is_written
from runtime.runs import EVENTS, FACTS, create_run, load_run, reopen_run
from runtime.watched import Remote, RunLost, event_of, follow, remote_of
from runtime.watched_signs import FIRST, Signs

STARTED = RunStarted(
    run="r", device="cpu", device_name="CPU", epochs=2, steps_per_epoch=3, samples={"train": 9}, parameters=4, seed=0,
    first_epoch=1, first_step=0,
)  # fmt: skip
STEPS = StepsEnded(epoch=1, step=2, series={"loss": (1.5, 0.25)}, learning_rate=0.1, samples_per_second=3.0)
STOPPED = Stopped(run="r", device="cpu", epoch=1, step=2)
EPOCH = EpochEnded(
    epoch=1, step=3, train={"loss": 0.5}, validation={}, learning_rate=0.1, seconds=1.0, samples_per_second=9.0,
    seconds_left=0.0, best=True,
)  # fmt: skip
HEALTH = Health(1, 2, {"n1": LayerHealth(*[0.5] * 3)})


@pytest.mark.parametrize(
    "event", [STARTED, STEPS, EPOCH, HEALTH, STOPPED, Noted(msg("Hm."))], ids=lambda e: type(e).__name__
)
def test_an_event_comes_back_as_it_was(event):
    back = event_of(to_json(event))
    assert type(back) is type(event) and to_json(back) == to_json(event)


def test_what_is_not_finite_and_what_is_said_come_back():
    back = event_of(to_json(StepsEnded(1, 2, {"loss": (math.nan, 1.0)}, 0.1, 1.0)))
    assert isinstance(back, StepsEnded) and math.isnan(back.series["loss"][0]) and back.series["loss"][1] == 1.0
    failed = event_of(to_json(Failed(msg("'{name}' broke: {reason}", name="fc1", reason="{x}"), node="n1")))
    assert isinstance(failed, Failed) and str(failed.message) == "'fc1' broke: {x}" and failed.node == "n1"


@pytest.mark.parametrize(
    "line", ["", "{", '{"event": "StepsEnded", "series": 3}', '{"event": "Nothing"}', "[]", '{"event": "Saved"}']
)
def test_damaged_and_unknown_lines_are_passed_over(line):
    assert event_of(line) is None


def write(folder: Path, *lines: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / EVENTS).open("a", newline="") as file:
        file.write("".join(lines))


def test_lines_come_as_they_are_written_and_the_last_word_ends_it(tmp_path):
    whole, half = to_json(STEPS), to_json(STOPPED)
    write(tmp_path / "b", to_json(STARTED) + "\n", whole[:20])
    write(tmp_path / "a", to_json(STARTED) + "\n")
    events = follow(tmp_path)  # the latest run of a folder
    assert next(events) == STARTED
    later = threading.Timer(0.3, write, (tmp_path / "b", whole[20:] + "\n", half + "\n"))
    later.start()
    assert list(events) == [STEPS, STOPPED]
    later.join()


def test_it_waits_for_a_first_run_and_ends_when_it_is_not_wanted(tmp_path):
    until = time.monotonic() + 0.5
    assert list(follow(tmp_path, is_wanted=lambda: time.monotonic() < until)) == []
    with pytest.raises(RunError, match="There is no folder"):
        next(follow(tmp_path / "nowhere"))


def test_a_run_whose_process_is_gone_is_told_with_the_way_to_go_on(tmp_path):
    runs = tmp_path / "net.runs"
    writer = create_run(runs, Project(), "", {}).hold()
    writer.note()
    files.save(Project(), tmp_path / "net.layerloom")
    assert is_written(writer.path / EVENTS, writer.path / FACTS)
    writer.log(STARTED)
    events = follow(runs)
    assert next(events) == STARTED
    writer.log(STEPS)
    writer.close()  # as the end of its process does it, however that comes
    assert next(events) == STEPS
    with pytest.raises(RunLost, match="without a last word") as lost:
        next(events)
    assert f"train {tmp_path / 'net.layerloom'} --resume {writer.path}" in str(lost.value)
    again = reopen_run(load_run(writer.path)).hold()  # it goes on
    assert is_written(writer.path / EVENTS, writer.path / FACTS)
    again.log(STOPPED)
    again.close()
    assert list(follow(writer.path))[-1] == STOPPED


def test_who_looks_for_a_moment_keeps_no_writer_from_its_run(tmp_path, monkeypatch):
    writer = create_run(tmp_path, Project(), "", {})
    writer.log(STARTED)
    looker = (writer.path / EVENTS).open("rb")
    assert hold(looker, shared=True)
    monkeypatch.setattr(run_hold.time, "sleep", lambda _seconds: looker.close())
    writer.hold()
    assert looker.closed and is_written(writer.path / EVENTS, writer.path / FACTS)
    writer.close()


def test_of_a_run_on_another_machine_nobody_knows_whether_its_process_lives(tmp_path):
    writer = create_run(tmp_path, Project(), "", {}).hold()
    writer.note()
    writer.close()
    facts = writer.path / FACTS
    assert is_written(writer.path / EVENTS, facts) is False
    facts.write_text(facts.read_text().replace(platform.node(), "another"))
    assert is_written(writer.path / EVENTS, facts) is None
    assert is_written(tmp_path / "gone", facts) is None


def test_silence_means_something_after_a_multiple_of_the_usual_one():
    now = [0.0]
    signs = Signs(lambda: now[0])
    signs.hear(to_json(STARTED))
    assert signs.silence() is None
    now[0] = FIRST + 1
    assert signs.silence() == FIRST + 1 and signs.silence() is None  # told once
    for seconds in (10.0, 70.0):
        signs.hear(to_json(replace(STEPS, seconds=seconds)))
    assert signs.usual == FIRST + 1  # it does come that late
    late = Signs(lambda: now[0])
    late.age = 250.0  # the newest line was that old when it was looked at
    for seconds in (10.0, 70.0):
        late.hear(to_json(replace(STEPS, seconds=seconds)))
    assert late.usual == 60.0 and late.silence() is None
    now[0] += 60
    assert late.silence() == 310.0
    late.hear('{"event": "Paused"}')
    now[0] += 10_000
    assert late.silence() is None  # a person made it wait
    late.hear('{"event": "Resumed"}')
    now[0] += 100_000
    late.is_written = True
    assert late.silence() is None  # its process lives


@pytest.mark.parametrize(
    ("word", "remote"),
    [
        ("box:runs", Remote("box", "runs")),
        ("me@box.example:~/my runs/x", Remote("me@box.example", "~/my runs/x")),
        ("C:\\runs", None),
        ("runs/a:b", None),
        ("-oProxyCommand=x:y", None),
        ("runs", None),
    ],
)
def test_what_is_elsewhere(word, remote):
    assert remote_of(word) == remote


def test_words_of_a_path_stay_one_word_for_the_other_shell():
    for path in ("a b; rm x", "~/a b; rm x", "$(x)"):
        script = Remote("box", path).command()[-1]
        rest = path.removeprefix("~/")
        assert script.startswith(f"cd {'~/' if path != rest else ''}{shlex.quote(rest)} && ")
    assert Remote("box", "~").command()[-1].startswith("cd ~ && ")


@pytest.fixture
def ssh(tmp_path, monkeypatch):
    """An ssh that runs the script here, and has no other machine."""
    program = tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\n[ "$1" = -T ] && [ "$2" = me@box ] || exit 9\nexec sh -c "$3"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)


def test_over_ssh(ssh, tmp_path, monkeypatch):
    runs = tmp_path / "some runs"
    write(runs / "1", to_json(STARTED) + "\n")
    write(runs / "2", to_json(STARTED) + "\n", to_json(STEPS) + "\n", to_json(STOPPED) + "\n")
    assert list(follow(f"me@box:{runs}")) == [STARTED, STEPS, STOPPED]
    os.utime(runs / "1" / EVENTS, (0, 0))
    monkeypatch.setattr(watched, "PAUSE", 0.05)
    ended = follow(f"me@box:{runs / '1'}")
    assert next(ended) == STARTED
    said = next(ended)
    assert isinstance(said, Noted) and "on me@box, with --resume r" in str(said.message)
    ended.close()
    with pytest.raises(RunError, match=r"ssh me@box ended: .*nowhere.* Check that"):
        list(follow(f"me@box:{tmp_path}/nowhere"))
