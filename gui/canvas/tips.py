"""What a tooltip on the canvas says about the thing under the cursor."""

from __future__ import annotations

from graph.messages import tr, translate
from graph.model import NodeId, Port
from gui.canvas.card import has_inside, is_bypassed, shown_value
from gui.canvas.scene import CanvasScene, Hit
from gui.figures import grouped
from gui.panels.search import label_of
from runtime.analysis import TensorSpec


def tip(scene: CanvasScene, hit: Hit) -> str:
    """The text for what was hit; empty where there is nothing to say."""
    if hit.on_badge and hit.node:
        return problem_text(scene, hit.node)
    if hit.port:
        return _port_text(scene, hit.port, is_output=hit.is_output)
    if hit.link:
        use = tr("Drag it to bend it, double-click it to put a layer in, Alt+click removes it.")
        lines = (spec_text(scene.spec(hit.link.source)), scene.values.text(hit.link.source), use)
        return "\n".join(filter(None, lines))
    if hit.annotation:
        return tr("Ctrl+click opens {link}", link=hit.annotation.url) if hit.annotation.url else ""
    if hit.on_chevron:
        small = hit.node in scene.graph.look.collapsed
        return tr("Click to show all of the card.") if small else tr("Click to make the card small.")
    return _node_text(scene, hit.node) if hit.node else ""


def problem_text(scene: CanvasScene, node: NodeId) -> str:
    """What is wrong with a node, one paragraph a problem, with the mends that a click offers."""
    lines = []
    for problem in scene.problems_of(node):
        lines.append(str(problem.message))
        lines += [tr("Click to mend: {mend}", mend=fix.label) for fix in problem.fixes]
    return "\n".join(lines)


def spec_text(spec: TensorSpec | None) -> str:
    """Shape and dtype of what flows through a wire: `B × 6 × 28 × 28 · float32`."""
    return f"{spec} · {spec.dtype}" if spec else tr("The shape is not known yet.")


def _port_text(scene: CanvasScene, port: Port, *, is_output: bool) -> str:
    node = scene.graph.nodes[port.node]
    node_type, found = scene.catalog.of(node), scene.found(port.node)
    specs = (found.outputs if is_output else found.inputs) if found else {}
    if node.bypassed and is_output and (passing := scene.spec(port)) is not None:
        specs = {port.name: passing}
    entry = (node_type.output_or_next if is_output else node_type.input)(port.name) if node_type else None
    lines = [port.name if port.name not in specs else f"{port.name}: {spec_text(specs[port.name])}"]
    if entry and entry.help:
        lines.append(translate(entry.help))
    return "\n".join(lines)


def _node_text(scene: CanvasScene, node: NodeId) -> str:
    here = scene.graph.nodes[node]
    node_type, found = scene.catalog.of(here), scene.found(node)
    if node_type is None:
        return tr("Layerloom does not know the type '{type}'. The node is kept as it is.", type=here.type)
    lines = [f"{here.name} · {label_of(node_type)}", translate(node_type.help)]
    if is_bypassed(node_type, here):
        lines.append(tr("Bypassed: what arrives at it goes on as it is."))
    if has_inside(node_type):
        params = (p for p in node_type.params if p.name in here.params)
        lines += [f"{p.name} = {shown_value(p, here.params[p.name])}" for p in params]
        lines.append(tr("Double-click to look inside."))
    if found and found.parameters:
        lines.append(tr("{count} parameters", count=grouped(found.parameters)))
    if node in scene.kin:
        others = (other.name for other in scene.graph.kin(node) if other.id != node)
        lines.append(tr("Shares its weights with {others}", others=", ".join(others)))
    return "\n".join(filter(None, lines))
