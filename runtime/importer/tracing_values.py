"""Which tensor is which while a module runs: by identity, and which of them an operation in place made old."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction

from graph.messages import msg
from runtime.importer.recording import Constant, Place, Recording, Ref, Refusal, Weight
from runtime.importer.tracing_limits import check_kind, is_plain

MAX_COMPARED = 2**22  # numbers of a storage whose views are told apart place by place


class _Old(NamedTuple):
    """What made a tensor old, and the tensor that it was done to."""

    operation: str
    place: Place | None
    culprit: Tensor


class Values:
    """Tensors by identity. Every one that is seen stays alive, so that no other gets its identity."""

    def __init__(
        self, recording: Recording, state: Mapping[str, Tensor], known: Mapping[int, Tensor] | None = None
    ) -> None:
        self._recording, self._known = recording, known
        self._numbers: dict[int, int] = {}
        self._alive: list[Tensor] = []
        self._by_storage: dict[int, list[Tensor]] = {}
        self._versions: dict[int, int] = {}
        self._old: dict[int, _Old] = {}
        self._weights: dict[int, str] = {}
        self._weight_storages: dict[int, str] = {}
        for name, tensor in state.items():
            self._weights.setdefault(id(tensor), name)
            self._weight_storages.setdefault(_storage(tensor), name)

    def add(self, tensor: Tensor) -> int:
        """A number for a new tensor."""
        number = len(self._recording.shapes)
        self._numbers[id(tensor)] = number
        self._alive.append(tensor)
        self._by_storage.setdefault(_storage(tensor), []).append(tensor)
        self._versions[id(tensor)] = tensor._version
        self._note(number, tensor)
        return number

    def know(self, tensor: Tensor) -> None:
        """Take a tensor as one that was there before: what is made of numbers of NumPy, which no tensor becomes unseen."""
        if self._known is not None:
            self._known = {**self._known, id(tensor): tensor}

    def renew(self, tensor: Tensor) -> int:
        """Another number for a tensor that was changed in place."""
        number = len(self._recording.shapes)
        self._numbers[id(tensor)] = number
        self._old.pop(id(tensor), None)
        self._versions[id(tensor)] = tensor._version
        self._note(number, tensor)
        return number

    def _note(self, number: int, tensor: Tensor) -> None:
        self._recording.shapes[number] = tuple(tensor.shape)
        self._recording.dtypes[number] = str(tensor.dtype).removeprefix("torch.")
        self._recording.tensors[number] = tensor.detach().clone()

    def knows(self, tensor: Tensor) -> bool:
        """Whether the tensor was seen, or belongs to the module."""
        return id(tensor) in self._numbers or id(tensor) in self._weights

    def number_of(self, tensor: Tensor) -> int | None:
        """Its number, if it has one."""
        return self._numbers.get(id(tensor))

    def use(self, tensor: Tensor, operation: str, place: Place | None) -> Ref | Weight | Constant:
        """What a tensor is, for an operation that takes it.

        Raises:
            Refusal: it was changed through another tensor that shares its memory, or nobody saw how.
        """
        if id(tensor) in self._old and not self._is_put_back(tensor, operation):
            old = self._old[id(tensor)]
            reason = msg("it changes a view of a tensor in place, and '{later}' uses that tensor afterwards. Write it without changing "
                         "in place.", later=operation)  # fmt: skip
            raise Refusal(old.operation, old.place, reason)
        check_kind(tensor, operation, place)
        if isinstance(tensor.grad_fn, BackwardCFunction):
            reason = msg("it takes what '{name}' gives, which has a gradient of its own. A drawing takes the gradients of PyTorch.",
                         name=tensor.grad_fn.name().removesuffix("Backward"))  # fmt: skip
            raise Refusal(operation, place, reason)
        number = self._numbers.get(id(tensor))
        if number is not None:
            if tensor._version != self._versions[id(tensor)]:
                reason = msg(
                    "it takes a tensor that was changed in place where nobody could see it. Write it without changing in place."
                )
                raise Refusal(operation, place, reason)
            return Ref(number)
        if id(tensor) in self._weights:
            return Weight(self._weights[id(tensor)])
        if self._known is not None and id(tensor) not in self._known:
            reason = msg("it takes a tensor that is made while the module runs, by nothing that can be seen. Make it with functions of "
                         "torch, such as torch.tensor, or before.")  # fmt: skip
            raise Refusal(operation, place, reason)
        self._alive.append(tensor)
        return Constant(tensor.detach().clone())

    def _is_put_back(self, tensor: Tensor, operation: str) -> bool:
        """`x[:, 0] += 1` changes a view of x and then writes the view to where it came from: x is what it should be."""
        return operation == "__setitem__" and self._old[id(tensor)].culprit._base is tensor

    def mutated(
        self, given: Iterable[Tensor], returned: Collection[int], operation: str, place: Place | None
    ) -> dict[int, Tensor]:
        """Those of the given tensors that an operation changed, by identity; all that share their memory are old now.

        `returned` are the identities of what it gives back.

        Raises:
            Refusal: what was changed belongs to the module, or is not given back.
        """
        changed = {id(t): t for t in given if id(t) in self._numbers and t._version != self._versions[id(t)]}
        found = {i: tensor for i, tensor in changed.items() if i in returned}
        storages = {_storage(tensor) for tensor in found.values()}
        for tensor in changed.values():
            if (weight := self._weight_storages.get(_storage(tensor))) is not None:
                raise Refusal(operation, place, _changes_weight(weight))
            if _storage(tensor) not in storages:
                raise Refusal(
                    operation,
                    place,
                    msg("it changes a tensor in place that it does not give back. Let it return a new one."),
                )
        for tensor in found.values():
            for other in self._by_storage[_storage(tensor)]:
                self._versions[id(other)] = other._version
                if id(other) not in found and _overlap(tensor, other):
                    self._old.setdefault(id(other), _Old(operation, place, tensor))
        return found

    def check_weights(
        self, given: Iterable[Tensor], versions: Mapping[int, int], operation: str, place: Place | None
    ) -> None:
        """Refuse an operation that changed a parameter or buffer of the module."""
        for tensor in given:
            if id(tensor) in versions and tensor._version != versions[id(tensor)]:
                raise Refusal(operation, place, _changes_weight(self._weights[id(tensor)]))

    def weights_of(self, given: Iterable[Tensor]) -> dict[int, int]:
        """The versions of those tensors that belong to the module, by identity."""
        return {id(tensor): tensor._version for tensor in given if id(tensor) in self._weights}


def tensors_now() -> dict[int, Tensor]:
    """Every tensor that there is, by identity."""
    kinds = _kinds_of(Tensor)
    return {id(found): found for found in gc.get_objects() if type(found) in kinds}


def _kinds_of(kind: type) -> frozenset[type]:
    """A class and all that are derived from it."""
    return frozenset({kind, *(inner for derived in kind.__subclasses__() for inner in _kinds_of(derived))})


def _changes_weight(name: str):
    return msg(
        "it changes '{name}', which belongs to the module, while it computes. A drawing keeps what it holds.", name=name
    )


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage()._cdata if is_plain(tensor) else id(tensor)


def _overlap(a: Tensor, b: Tensor) -> bool:
    """Whether two views of one storage have places in common."""
    size = a.untyped_storage().nbytes() // max(1, a.element_size())
    if size > MAX_COMPARED or a.dtype != b.dtype:
        return True
    marked = torch.zeros(size, dtype=torch.bool)
    for view, mark in ((a, True), (b, False)):
        places = torch.as_strided(marked, tuple(view.shape), view.stride(), view.storage_offset())
        if not mark:
            return bool(places.any())
        places.fill_(True)
    return False
