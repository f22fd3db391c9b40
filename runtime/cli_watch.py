"""The verb `watch`: what happens in a run that goes on elsewhere."""

from __future__ import annotations

from argparse import Namespace

from graph.messages import tr
from runtime import cli_text
from runtime.events import Failed, to_json
from runtime.watched import RunLost, follow


def watch(args: Namespace) -> int:
    """Print each event of the run as it is written down; the status is 1 where the run failed."""
    last = None
    try:
        for last in follow(args.target):
            if isinstance(last, Failed) and not args.json:
                print(f"{tr('error')}: {last.message}")
                continue
            text = to_json(last) if args.json else cli_text.event_line(last)
            if text is not None:
                print(text, flush=True)
    except RunLost as error:
        if args.json:
            print(to_json(Failed(error.message)), flush=True)
        raise
    return int(isinstance(last, Failed))
