"""The weights of a model divided among processes: layer by layer, by PyTorch's FSDP2 (`torch.distributed.fsdp.fully_shard`).

A layer's weights come together shortly before it computes, forward and backward, and go again afterwards; so a process holds all of
one layer at a time, and else its part. Every layer with `SMALLEST` numbers or more is such a unit; a drawn block is one as a whole
where it has at most `LARGEST`. Weights that two layers have in common make one unit of both. The few numbers that are left (small
layers, and `Parameter` nodes beside the layers) are whole in each process, and their gradients are added up as without FSDP.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, Shard
from torch.utils._pytree import tree_map_only

from runtime.devices import Device
from runtime.training.divided import is_divided, own
from runtime.training.world import World

SMALLEST = 2**8  # numbers of a unit; below, speaking of them costs more than holding them
LARGEST = 2**22  # numbers of a drawn block that is one unit; 16 MiB of float32
_KNOWS_TIES = hasattr(
    FSDPModule, "reset_iter_state"
)  # before, PyTorch lost count of layers with the same weights: they stay whole
_BARE = (nn.ModuleList, nn.ModuleDict)  # whose parts are called alone
_OPEN = (*_BARE, nn.Sequential, nn.TransformerEncoder, nn.TransformerDecoder, nn.Transformer)


class Shards:
    """The parts of a model's parameters that this process holds. All processes make theirs at the same time.

    The parameters of the model are other objects afterwards: `renewed` gives the new one by the id of the old one.
    """

    def __init__(self, model: nn.Module, world: World, device: Device) -> None:
        self._world, self._model, self._device = world, model, device
        before = dict(model.named_parameters())
        self._mesh = DeviceMesh.from_group(world.group_of(device), device.type)
        units = [modules for modules in units_of(model) if len(modules) == 1 or _KNOWS_TIES]
        divided = _of_units_alone(model, units)
        self._rest = {p for p in model.parameters() if id(p) not in divided}
        self._has_ties = any(len(modules) > 1 for modules in units)
        self.largest = max((_bytes_of(modules) for modules in units), default=0)
        for modules in units:
            for module in modules:
                module.register_forward_hook(_own_memory)
            self._divide(modules if len(modules) > 1 else modules[0])
        model.register_forward_hook(_own_memory)
        self._divide(model)
        model.to(device.id)
        self._units = [module for module in model.modules() if isinstance(module, FSDPModule)]
        now = dict(model.named_parameters())
        self.renewed = {id(parameter): now[name] for name, parameter in before.items()}
        self._pieces = {id(p): _piece_of(p) for p in now.values()}
        for unit in self._units:
            unit.set_force_sum_reduction_for_comms(True)  # gloo knows no other
        self.divide_gradients(world.size)

    def divide_gradients(self, by: int) -> None:
        """Gradients are from now on the sums over all processes, divided by this: by 1 where each computes with its part of a batch."""
        for unit in self._units:
            unit.set_gradient_divide_factor(float(by))

    def piece(self, parameter: nn.Parameter) -> nn.Parameter:
        """What an optimizer here changes of a parameter: in its memory, or the parameter itself where it is whole."""
        return self._pieces[id(parameter)]

    @property
    def are_current(self) -> bool:
        """Whether the pieces still share their memory with the parameters, which FSDP may move."""
        return all(own(p).data_ptr() == self.piece(p).data_ptr() for p in self._model.parameters())

    def gather(self, part: Tensor, parameter: nn.Parameter) -> Tensor:
        """The whole of something that is divided as a parameter is, from what each process holds of it."""
        return self.as_divided(part, parameter).full_tensor()

    def take(self, given: Tensor | None, parameter: Tensor) -> Tensor:
        """The part here of something whole that process 0 holds."""
        empty = torch.empty(parameter.shape, dtype=parameter.dtype, device=self._device.id)
        found = empty if given is None else given.to(empty)
        self._world.spread([found])
        if not is_divided(parameter):
            return found
        size = math.ceil(len(found) / self._world.size)
        first = min(self._world.rank * size, len(found))
        return found[first : first + len(own(parameter))].clone()

    def as_divided(self, part: Tensor, parameter: nn.Parameter) -> DTensor:
        """A part of something as what FSDP knows it by."""
        shape, stride = parameter.shape, parameter.stride()
        return DTensor.from_local(part, self._mesh, [Shard(0)], run_check=False, shape=shape, stride=stride)

    def settle(self) -> None:
        """A pass without a way back is over. Where it used one of two layers with the same weights alone, FSDP waits for the other."""
        if self._has_ties:
            self._model.reset_iter_state()  # type: ignore[operator]

    def _divide(self, modules: Any) -> None:
        fully_shard(modules, mesh=self._mesh, reshard_after_forward=True, ignored_params=self._rest)


def units_of(model: nn.Module) -> list[list[nn.Module]]:
    """The layers and blocks whose weights come together at a time, inner ones before outer ones; several have weights in common."""
    taken: set[int] = set()
    found: list[list[nn.Module]] = []
    for module in _candidates(model, set()):
        parameters = {id(p): p for p in module.parameters() if p.dim()}
        ties = [
            unit
            for unit in found
            if parameters.keys() & {id(p) for m in unit for p in m.parameters()} - _inside(unit, module)
        ]
        fresh = sum(p.numel() for i, p in parameters.items() if i not in taken)
        if ties:
            found = [unit for unit in found if unit not in ties]
            found.append([*(m for unit in ties for m in unit), module])
        elif fresh >= SMALLEST:
            found.append([module])
        else:
            continue
        taken |= parameters.keys()
    return found


def _of_units_alone(model: nn.Module, units: Sequence[Sequence[nn.Module]]) -> set[int]:
    """The ids of the parameters that no module beside the units has."""
    inside = {module for modules in units for unit in modules for module in unit.modules()}
    beside = {id(p) for module in model.modules() if module not in inside for p in module.parameters(recurse=False)}
    return {id(p) for module in inside for p in module.parameters(recurse=False) if p.dim()} - beside


def _candidates(module: nn.Module, seen: set[int]) -> Iterator[nn.Module]:
    for child in module.children():
        if id(child) in seen:
            continue
        seen.add(id(child))
        if isinstance(child, _OPEN) or (_is_drawn(child) and _count(child.parameters()) > LARGEST):
            yield from _candidates(child, seen)
        if not isinstance(child, _BARE):
            yield child


def _inside(unit: Sequence[nn.Module], module: nn.Module) -> set[int]:
    """The ids of the parameters of a unit that is a part of a module: they are no ties."""
    parts = set(module.modules())
    return {id(p) for m in unit if m in parts for p in m.parameters()}


def _is_drawn(module: nn.Module) -> bool:
    return type(module).__module__.startswith("layerloom_")


def _count(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def _bytes_of(modules: Sequence[nn.Module]) -> int:
    return sum({id(p): p.nbytes for module in modules for p in module.parameters()}.values())


def _piece_of(parameter: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(own(parameter)) if is_divided(parameter) else parameter


def _own_memory(_module: nn.Module, _inputs: object, output: Any) -> Any:
    """FSDP waits for the gradients of what a unit gives; an operation in place on a view would hide them from it."""
    return tree_map_only(Tensor, _copied_view, output) if torch.is_grad_enabled() else None


def _copied_view(tensor: Tensor) -> Tensor:
    return tensor.clone() if tensor._base is not None else tensor
