"""Loads PyTorch beside a window that is already open, in pieces small enough that nobody feels them."""

from __future__ import annotations

import ctypes
import gc
import importlib.util
import os
import sys
import threading
from pathlib import Path

from runtime.turns import short_turns

# In the order in which they need each other.
_LIBRARIES = ("c10", "torch_cpu", "torch", "shm", "torch_python")
_TURN = 0.001  # seconds between two chances for other threads while modules are imported
_STEADY_HEAP = str(2**30)  # bytes below which glibc keeps freed blocks instead of faulting them in again

_ENVIRONMENT = {
    "OMP_WAIT_POLICY": "PASSIVE",  # idle threads sleep: spinning ones take the cores from the window
    "MALLOC_MMAP_THRESHOLD_": _STEADY_HEAP,  # glibc reads these two at the start: they are for child processes
    "MALLOC_TRIM_THRESHOLD_": _STEADY_HEAP,
}
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h
_lock = threading.Lock()


def prepare_environment() -> None:
    """Settings that have to be made before `import torch`; those that the person made are respected."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    _keep_heap()


def warm_up(*modules: str) -> None:
    """Load PyTorch, what the first optimizer needs, and these modules. Returns when all is ready; for any thread."""
    with _lock:
        if "torch._dynamo" in sys.modules:
            return
        prepare_environment()
        _load_libraries()
        collecting = gc.isenabled()
        gc.disable()
        try:
            with short_turns(_TURN):
                _import_torch()
                for module in modules:
                    importlib.import_module(module)
        finally:
            if collecting:
                gc.enable()
            gc.freeze()


def is_under_way() -> bool:
    """Whether PyTorch is being loaded right now."""
    return _lock.locked()


def _import_torch() -> None:
    import torch

    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.sum().backward()
    torch.optim.Adam([parameter]).step()  # imports torch._dynamo, most of a second, once


def _load_libraries() -> None:
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None or os.name != "posix":
        return
    folder, suffix = Path(spec.origin).parent / "lib", ".dylib" if sys.platform == "darwin" else ".so"
    # A foreign call lets go of the interpreter lock; opening a library by `ctypes.CDLL` does not.
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    for name in _LIBRARIES:
        # Gives NULL for one that another build of PyTorch lacks; the import says what is wrong, if anything is.
        load(os.fsencode(folder / f"lib{name}{suffix}"), os.RTLD_NOW | os.RTLD_GLOBAL)


def _keep_heap() -> None:
    """The thresholds of the environment for this process, which is running already."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # absent in other C libraries than glibc
        if mallopt is not None:
            mallopt(_M_MMAP_THRESHOLD, 2**30)
            mallopt(_M_TRIM_THRESHOLD, 2**30)
