"""What the locator costs: building a set, publishing it, asking, answering, looking in the sets of 150 authorities.

python -m benchmarks locator --children 100000
"""

import argparse
import statistics
import sys
import time

from connectors.locator.keys import ELEMENTS
from connectors.locator.psi import Blinded, Holder, Setup, bucket, build, new_key

AUTHORITIES = 150
WORDS = 3
KINDS = 3


def main() -> None:
    """Measure on this machine, one core."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--children", type=int, default=20_000)
    parser.add_argument("--asks", type=int, default=100)
    asked = parser.parse_args()
    key, words = new_key(), [f"nhs:{number:010}" for number in range(asked.children)]
    began = time.perf_counter()
    content = build(key, words)
    took = time.perf_counter() - began
    size = bucket(asked.children)
    _say(f"{asked.children} children, filled up to {size} words: {took:.1f} s, {len(content) / 1000:.0f} KB")
    _say(f"  {took / size * 1e6:.0f} µs a word; {KINDS} kinds of {AUTHORITIES} such authorities held: "
         f"{KINDS * AUTHORITIES * len(content) / 1e6:.0f} MB")  # fmt: skip
    holder, setup = Holder(key), Setup(content)
    blinding, answering, looking = [], [], []
    for number in range(asked.asks):
        began = time.perf_counter()
        blinded = Blinded([f"nhs:{number + place:010}" for place in range(WORDS)])
        blinding.append(time.perf_counter() - began)
        began = time.perf_counter()
        raised = holder.raised(blinded.points)
        answering.append(time.perf_counter() - began)
        began = time.perf_counter()
        found = blinded.found(setup, raised[:WORDS])
        looking.append(time.perf_counter() - began)
        if len(found) != min(WORDS, asked.children - number):
            raise SystemExit("a word of the set was not found")
    blind, answer, look = (statistics.median(one) * 1000 for one in (blinding, answering, looking))
    _say(f"an ask of {ELEMENTS} elements: blinding {blind:.2f} ms, answering {answer:.2f} ms")
    _say(f"  looking for {WORDS} words in one set {look:.2f} ms; in {AUTHORITIES} sets {AUTHORITIES * look:.0f} ms")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
