"""The verb `generate`: a trained language model continues a prompt."""

from __future__ import annotations

import json
from argparse import Namespace
from itertools import chain, islice

from runtime.cli_targets import find_run


def generate(args: Namespace) -> int:
    """Print the prompt and what follows it, token by token as they are drawn."""
    from runtime.generate import Sampling, write_on
    from runtime.predict import load_trained

    trained = load_trained(find_run(args.target, runs=args.out))
    sampling = Sampling(args.temperature, args.top_k, args.top_p)
    pieces = islice(write_on(trained, args.prompt, sampling, seed=args.seed), args.count)
    first = next(pieces)  # what is wrong shows here, before anything is printed
    if args.json:
        said = [_tell("Token", piece) for piece in chain([first], pieces)]
        _tell("Generated", args.prompt + "".join(said))
    else:
        for piece in chain([args.prompt, first], pieces):
            print(piece, end="", flush=True)
        print()
    return 0


def _tell(event: str, text: str) -> str:
    print(json.dumps({"event": event, "text": text}, ensure_ascii=False), flush=True)
    return text
