"""The way from older file formats to the present one: one function a version step, from record to record."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graph.messages import FileError, msg

Record = dict[str, Any]
Step = Callable[[Record], Record]


class Migrations:
    """The steps up to format `version`. A step is registered for the version that it starts from:

    >>> migrations = Migrations(2)
    >>> @migrations.step(1)
    ... def rename_width(record):
    ...     return {**record, "size": record["width"]}
    """

    def __init__(self, version: int) -> None:
        self.version = version
        self._steps: dict[int, Step] = {}

    def step(self, version: int) -> Callable[[Step], Step]:
        """Register the function that takes a record of `version` to the next version."""
        assert 1 <= version < self.version and version not in self._steps, version

        def register(function: Step) -> Step:
            self._steps[version] = function
            return function

        return register

    def apply(self, record: Record) -> Record:
        """The record in the present format.

        Raises:
            FileError: the record is of no known version.
        """
        for version in range(self._version_of(record), self.version):
            record = {**self._steps[version](record), "version": version + 1}
        return record

    def _version_of(self, record: Record) -> int:
        version = record.get("version")
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            raise FileError(msg("It does not say which format version it has. Choose a file that Layerloom saved."))
        if version > self.version:
            raise FileError(
                msg(
                    "It has format version {version}, and this Layerloom reads up to version {known}. "
                    "Open it with a newer Layerloom.",
                    version=version,
                    known=self.version,
                )
            )
        return version


MIGRATIONS = Migrations(4)


@MIGRATIONS.step(1)
def _blocks(record: Record) -> Record:
    """Version 2 adds blocks, code, shared weights and initialization; what had those names before was not known."""
    return {key: value for key, value in record.items() if key not in ("blocks", "codes", "weight_init", "bias_init")}


_LOOK = ("annotations", "bends", "collapsed", "flow", "looks")


@MIGRATIONS.step(2)
def _looks(record: Record) -> Record:
    """Version 3 adds bypassed nodes, frames, notes, bends, collapsed cards and the direction of drawings."""
    record = _all_on(record)
    if isinstance(blocks := record.get("blocks"), list):
        record["blocks"] = [_all_on(block) if isinstance(block, dict) else block for block in blocks]
    if isinstance(layout := record.get("layout"), dict):
        record["layout"] = {key: value for key, value in layout.items() if key not in _LOOK}
    return record


def _all_on(drawing: Record) -> Record:
    """A drawing whose nodes say nothing of being bypassed."""
    if not isinstance(nodes := drawing.get("nodes"), list):
        return dict(drawing)
    plain = [{k: v for k, v in n.items() if k != "bypassed"} if isinstance(n, dict) else n for n in nodes]
    return {**drawing, "nodes": plain}


_PLAN = (
    "averaging", "averaging_decay", "averaging_start", "channels_last", "compile", "deterministic", "frozen", "min_delta",
    "monitor", "patience", "precision",
)  # fmt: skip
_OBJECTIVE = {
    "accumulate": 1, "clip": "none", "clip_at": 1.0, "decay_all": True, "l1": 0.0, "l2": 0.0, "schedule_by": "epoch",
    "warmup": 0,
}  # fmt: skip


@MIGRATIONS.step(3)
def _training(record: Record) -> Record:
    """Version 4 says more of how training goes; tables are scaled in several ways, of which one was a switch."""
    record = dict(record)
    if isinstance(plan := record.get("plan"), dict):
        record["plan"] = plan = {key: value for key, value in plan.items() if key not in _PLAN}
        if isinstance(split := plan.get("split"), dict):
            plan["split"] = {**split, "method": "random"}
        if isinstance(objectives := plan.get("objectives"), list):
            plan["objectives"] = [{**o, **_OBJECTIVE} if isinstance(o, dict) else o for o in objectives]
    if isinstance(nodes := record.get("nodes"), list):
        record["nodes"] = [_scaled(node) if isinstance(node, dict) else node for node in nodes]
    return record


def _scaled(node: Record) -> Record:
    params = node.get("params")
    if node.get("type") != "layerloom.data.Table" or not isinstance(params, dict) or "standardize" not in params:
        return node
    kept = {key: value for key, value in params.items() if key != "standardize"}
    return {**node, "params": kept if params["standardize"] is not False else {**kept, "scaling": "none"}}
