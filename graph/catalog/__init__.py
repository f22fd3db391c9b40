"""The catalogue: every node type by its id. Add a family by adding its module to `_FAMILIES`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from graph.catalog import (
    activation,
    arithmetic,
    attention,
    augmentation,
    comparison,
    convolution,
    data,
    data_generated,
    data_images,
    data_text,
    distance,
    embedding,
    indexing,
    linear,
    loss,
    metric,
    network,
    normalization,
    padding,
    pooling,
    recurrent,
    reduction,
    regularization,
    shape,
    sources,
    vision,
)
from graph.catalog.types import NETWORK, Auto, Kind, NodeType, Param, PortType, Role
from graph.messages import Message, msg
from graph.model import Node

__all__ = ["CATALOG", "FAMILY_LABELS", "NETWORK", "Auto", "Catalog", "Kind", "NodeType", "Param", "PortType", "Role"]

# The order of the library panel.
FAMILY_LABELS: Mapping[str, Message] = MappingProxyType(
    {
        "data": msg("Data"),
        "augmentation": msg("Augmentation"),
        "network": msg("Network"),
        "block": msg("Blocks"),
        "code": msg("Own code"),
        "linear": msg("Linear layers"),
        "embedding": msg("Embedding"),
        "convolution": msg("Convolution"),
        "pooling": msg("Pooling"),
        "padding": msg("Padding"),
        "activation": msg("Activation"),
        "normalization": msg("Normalization"),
        "regularization": msg("Regularization"),
        "recurrent": msg("Recurrent"),
        "attention": msg("Attention"),
        "shape": msg("Shape"),
        "vision": msg("Vision"),
        "arithmetic": msg("Arithmetic"),
        "distance": msg("Distance"),
        "loss": msg("Loss"),
        "metric": msg("Metric"),
    }
)
_FAMILIES = (
    data_images,
    data,
    data_text,
    data_generated,
    augmentation,
    network,
    linear,
    embedding,
    sources,
    convolution,
    pooling,
    padding,
    activation,
    normalization,
    regularization,
    recurrent,
    attention,
    shape,
    indexing,
    vision,
    arithmetic,
    reduction,
    comparison,
    distance,
    loss,
    metric,
)  # in the order of FAMILY_LABELS


class Catalog(Mapping[str, NodeType]):
    """Node types by id. An older id (`replaces`) finds the type that took its place."""

    def __init__(self, types: tuple[NodeType, ...]) -> None:
        self._types = MappingProxyType({t.id: t for t in types})
        self._renamed = MappingProxyType({old: t.id for t in types for old in t.replaces})

    def __getitem__(self, type_id: str) -> NodeType:
        return self._types[self._renamed.get(type_id, type_id)]

    def extended(self, types: tuple[NodeType, ...]) -> Catalog:
        """This catalogue with more types behind its own."""
        return Catalog((*self._types.values(), *types))

    def of(self, node: Node) -> NodeType | None:
        """The type of a node, with the ports that its parameters give it; None where the type is unknown."""
        node_type = self.get(node.type)
        return node_type.of(node) if node_type is not None else None

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def families(self) -> dict[str, tuple[NodeType, ...]]:
        """The types by family, both in catalogue order."""
        found: dict[str, list[NodeType]] = {}
        for node_type in self.values():
            found.setdefault(node_type.family, []).append(node_type)
        return {family: tuple(types) for family, types in found.items()}


CATALOG = Catalog(tuple(t for family in _FAMILIES for t in family.TYPES))
