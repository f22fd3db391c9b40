"""Samples to ask a network about: one of its own data at a time, as it went in training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from graph.messages import DataError, msg
from graph.model import Port

if TYPE_CHECKING:
    from torch import Tensor

    from runtime.data import Part, Prepared
    from runtime.predict import Trained

TRAIN, VALIDATION, TEST = PARTS = ("train", "validation", "test")


def prepared_of(trained: Trained) -> Prepared:
    """The data of a network, split as in training; read once for each network.

    Raises:
        DataError: the data is missing or has changed.
    """
    from runtime.data import prepare

    if "prepared" not in trained.kept:
        trained.kept["prepared"] = prepare(trained.project, trained.folder)
    return trained.kept["prepared"]


def part_of(trained: Trained, part: str) -> Part:
    """The samples of one of `PARTS`.

    Raises:
        DataError: the data is missing or has changed.
    """
    return getattr(prepared_of(trained), part)


def sample_of(trained: Trained, part: str, number: int, *, count: int = 1) -> dict[Port, Tensor]:
    """Samples from number `number` (from 0) of a part on: a tensor for each data port that network and losses take.

    Raises:
        DataError: the data is missing or has changed, or the part has fewer samples.
    """
    found = part_of(trained, part)
    if not 0 <= number <= found.count - count:
        raise DataError(
            msg(
                "There is no sample {number} here: this part of the data has {count}.",
                number=number + 1,
                count=found.count,
            )
        )
    ports = data_ports(trained)
    return dict(zip(ports, found.rows(number, count, ports=ports), strict=True))


def data_ports(trained: Trained) -> list[Port]:
    """The data ports that the network and its losses take, in a fixed order."""
    needed = [*trained.compiled.inputs, *(port for program in trained.compiled.programs for port in program.inputs)]
    return list(dict.fromkeys(needed))


def inputs_alone(trained: Trained, samples: Mapping[Port, Tensor]) -> dict[Port, Tensor]:
    """What of samples the network takes, without the right answers."""
    return {port: samples[port] for port in trained.compiled.inputs}
