"""Warming up: all is loaded afterwards, what the person set stays, and the clock of the window keeps ticking."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHILD = """
import gc, json, os, sys, threading, time
from runtime.warmup import warm_up

begun = [threading.Thread(target=warm_up) for _ in range(2)]
longest, last = 0.0, time.perf_counter()
for thread in begun:
    thread.start()
while any(thread.is_alive() for thread in begun):
    time.sleep(0.001)
    now = time.perf_counter()
    longest, last = max(longest, now - last), now
print(json.dumps({
    "modules": [name in sys.modules for name in ("torch", "torch._dynamo")],
    "policy": os.environ["OMP_WAIT_POLICY"], "frozen": gc.get_freeze_count() > 10_000,
    "collecting": gc.isenabled(), "interval": sys.getswitchinterval(), "longest": longest,
}))
"""


def warm_up_in_a_process_of_its_own(**environment: str) -> dict:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "MALLOC_"))}
    ended = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, env=clean | environment, capture_output=True, text=True, check=True
    )
    return json.loads(ended.stdout)


def test_everything_is_loaded_and_the_interpreter_left_as_it_was():
    found = warm_up_in_a_process_of_its_own()
    assert found["modules"] == [True, True]
    assert found["policy"] == "PASSIVE" and found["frozen"] and found["collecting"] and found["interval"] == 0.005
    assert found["longest"] < 0.5, "other threads must get their turn while PyTorch loads"


@pytest.mark.slow
def test_what_the_person_set_stays():
    assert warm_up_in_a_process_of_its_own(OMP_WAIT_POLICY="ACTIVE")["policy"] == "ACTIVE"
