"""Devices: what a wish means on the machine at hand, and on machines that are made up."""

from __future__ import annotations

import pytest
import torch

from graph.messages import RunError
from runtime import devices


@pytest.fixture
def two_gpus(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda i: f"NVIDIA H{i + 1}00")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.fixture
def no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize(
    ("wish", "id", "name"),
    [
        ("auto", "cuda:0", "NVIDIA H100"),
        ("cuda", "cuda:0", "NVIDIA H100"),
        ("cuda:1", "cuda:1", "NVIDIA H200"),
        ("cpu", "cpu", f"CPU ({devices.num_cores()} cores)"),
    ],
)
def test_a_wish_takes_the_first_that_fits(two_gpus, wish, id, name):
    device = devices.choose(wish)
    assert (device.id, device.name) == (id, name) and device.type == id.partition(":")[0]


def test_apple_comes_before_the_cpu(monkeypatch, no_gpu):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert devices.choose("auto").id == "mps"


def test_auto_falls_back_to_the_cpu(no_gpu):
    assert devices.choose("auto").id == "cpu" and len(devices.available()) == 1


def test_an_absent_device_is_a_sentence_that_lists_what_is_there(no_gpu):
    with pytest.raises(RunError, match=r"no device 'cuda' .* cpu \(CPU \(\d+ cores\)\)"):
        devices.choose("cuda")


def test_small_steps_and_gpus_get_one_thread_and_large_ones_leave_a_core_for_the_window(monkeypatch):
    monkeypatch.setattr(devices, "num_cores", lambda: 8)
    cpu, gpu = devices.Device("cpu", ""), devices.Device("cuda:0", "")
    assert devices.num_threads(cpu, devices.SMALL_STEP - 1) == 1
    assert devices.num_threads(cpu, devices.SMALL_STEP) == 7
    assert devices.num_threads(gpu, 10**12) == 1
    monkeypatch.setattr(devices, "num_cores", lambda: 1)
    assert devices.num_threads(cpu, 10**12) == 1
