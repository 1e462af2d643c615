"""What one operation of each microbenchmark takes: nanoseconds, and instructions as callgrind counts them.

Time depends on the machine and on what else it does; the number of instructions is the same in every run,
so that it shows a change of a per cent. It is the difference of two runs, one with three times as many
operations: what comes before and after them, and what a simulated processor is told to skip, cancels out.

usage: ./bench --micro [--json FILE] [WORD]...     only benchmarks with one of the WORDs in their names
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile

OPERATIONS = 1000  # in the shorter run
LIMIT = 300  # seconds for one benchmark under callgrind


def names_of(micro, words):
    listed = subprocess.run([micro, "--benchmark_list_tests"], capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if not words or any(word in name for word in words)]


def exactly(name):
    # Names have nothing that would mean something else in a pattern.
    return f"--benchmark_filter=^{name}$"


def nanoseconds(micro, name):
    """The median of five measurements."""
    with tempfile.NamedTemporaryFile("r", suffix=".json") as file:
        subprocess.run([micro, exactly(name), "--benchmark_repetitions=5", "--benchmark_min_time=0.2",
                        "--benchmark_out_format=json", "--benchmark_out=" + file.name],
                       capture_output=True, check=True, timeout=LIMIT)
        runs = json.load(file)["benchmarks"]
    return next(run["cpu_time"] for run in runs if run.get("aggregate_name") == "median")


def executed(micro, name, operations):
    """Instructions of a whole run."""
    run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", micro,
                          f"--iterations={operations}", exactly(name + f"/iterations:{operations}")],
                         capture_output=True, text=True, check=False, timeout=LIMIT)
    collected = re.search(r"Collected : (\d+)", run.stderr)
    if run.returncode != 0 or not collected:
        raise RuntimeError(f"callgrind did not count '{name}' (exit status {run.returncode}):\n{run.stderr[-500:]}")
    return int(collected[1])


def instructions(micro, name):
    return (executed(micro, name, 3 * OPERATIONS) - executed(micro, name, OPERATIONS)) / (2 * OPERATIONS)


def main():
    parser = argparse.ArgumentParser(prog="bench --micro", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--micro", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--json", metavar="FILE", help="writes the figures there too")
    parser.add_argument("words", metavar="WORD", nargs="*", help="only benchmarks with one of them in their names")
    options = parser.parse_args()
    names = names_of(options.micro, options.words)
    if not names:
        sys.exit(f"bench: no microbenchmark has {' or '.join(map(repr, options.words))} in its name")
    figures = []
    print(f"{'one of':<50} {'ns':>12} {'instructions':>14}")
    for name in names:
        figures.append({"name": name, "ns": nanoseconds(options.micro, name),
                        "instructions": instructions(options.micro, name)})
        print(f"{name:<50} {figures[-1]['ns']:>12,.1f} {figures[-1]['instructions']:>14,.1f}", flush=True)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)


if __name__ == "__main__":
    main()
