"""Lists the benchmarks and runs them: `python -m benchmarks`, or one with its own options.

python -m benchmarks graph --children 200000
python -m benchmarks graph --children 20000 --seconds 3 --rounds 1
python -m benchmarks ledger --seconds 5
"""

import subprocess
import sys

BENCHMARKS = {
    "graph": "whole requests: the gateway with policy and ledger, beside a plain Strawberry server with neither",
    "ledger_verify": "a million entries held against their tree, checkpoints and signatures",
    "review": "insiders found in a made-up month of work, and honest callers shown without cause",
    "ledger": "audit entries made durable: sharing a commit, sealed and not, by one process and by several",
    "ledger_faults": "gateways and database killed at random moments, and what the ledger holds afterwards",
    "ledger_takeover": "how long a writing gateway is held up by another that is killed or frozen beside it",
    "ledger_page": "the searches and counts of the page for auditors over a year of the ledger",
    "access_log": "who saw this child, which fields and why, over ten million logged fields",
    "overload": "twice the asks that can be answered",
    "soak": "memory and open files of several workers over a long time of steady asking",
    "abuse": "honest asks beside bad input of every kind",
    "start": "how long commands take to begin, and a gateway until it is ready, also after a kill",
    "memory": "what a gateway's process takes of memory, stage by stage",
    "rim": "what the way of a request in and out of the gateway costs, with nothing behind it",
    "peers": "150 authorities of which 45 are broken; the slowest of 20; local answers beside a slow authority",
    "queues": "pages and counts of the worked queues over 200,000 children",
    "locator": "private set intersection: building a set, asking, answering, looking in the sets of 150 authorities",
}


def main() -> int:
    """Run the benchmark named, with the options that follow it; without a name run all."""
    name, options = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name and name not in BENCHMARKS:
        sys.stdout.write(f"{__doc__}\n")
        for known, what in BENCHMARKS.items():
            sys.stdout.write(f"{known:<10}{what}\n")
        return 2
    for chosen in [name] if name else list(BENCHMARKS):
        sys.stdout.write(f"== {chosen}: {BENCHMARKS[chosen]}\n")
        sys.stdout.flush()
        ended = subprocess.run([sys.executable, "-m", f"benchmarks.{chosen}", *options], check=False)  # noqa: S603
        if ended.returncode:
            return ended.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main())
