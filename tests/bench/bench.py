"""Sluice side by side with pasta and slirp4netns: rounds of the same tests, one NAT after another."""

import argparse
import os
import sys
import tempfile

import measure
import nats
import report
import worlds


def parse():
    parser = argparse.ArgumentParser(
        prog="bench", description="Measures Sluice and, where they are installed, pasta and slirp4netns, in turns.")
    parser.add_argument("--sluice", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--load", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--peer-root", metavar="DIR", help="a Debian system with the peers (as root only)")
    parser.add_argument("--only", metavar="NAT,…", help="these NATs instead of all that are installed")
    parser.add_argument("--tests", metavar="TEST,…", help=f"of {', '.join(measure.ALL)}, hold-N (default: all)")
    parser.add_argument("--mtu", metavar="N,…", default="1500,65520", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=3, help="that each test takes; default: %(default)s")
    parser.add_argument("--congestion", default="cubic", help="of all sides' TCP; default: %(default)s")
    parser.add_argument("--json", metavar="FILE", help="writes every figure there")
    parser.add_argument("--svg", metavar="FILE", help="draws the medians there")
    return parser.parse_args()


def chosen_nats(options):
    found = [nats.sluice(options.sluice), *nats.peers(options.peer_root)]
    if not options.only:
        return found
    wanted = options.only.split(",")
    missing = set(wanted) - {nat.name for nat in found}
    if missing:
        sys.exit(f"bench: not installed: {', '.join(missing)}; there are {', '.join(nat.name for nat in found)}")
    return [nat for nat in found if nat.name in wanted]


def chosen_tests(options):
    tests = options.tests.split(",") if options.tests else measure.ALL
    for test in tests:
        if test in measure.ALL:
            continue
        kind, _, count = test.partition("-")
        if kind != "hold" or not count.isdigit():
            sys.exit(f"bench: no test '{test}'; there are {', '.join(measure.ALL)} and hold-N")
        measure.add_hold(int(count))
    return tests


def one(nat, mtu, test, options, log):
    """One test in a guest namespace of its own."""
    with worlds.Children() as children:
        guest = worlds.Guest(children, options.congestion)
        process = nat.start(children, guest, mtu, log)
        return measure.Bench(guest, process, options.load, options.seconds).run(test).as_dict()


def main():
    options = parse()
    worlds.enter()
    worlds.make_tun_usable()
    tests = chosen_tests(options)
    candidates = chosen_nats(options)
    results = report.Results({
        "kernel": os.uname().release, "cpus": os.cpu_count(), "congestion": options.congestion,
        "seconds": options.seconds, "versions": {nat.name: nat.version() for nat in candidates}})
    failures = 0
    with worlds.Children() as children, tempfile.TemporaryFile() as log:
        worlds.build_host(children, options.load, options.congestion)
        for round_number in range(options.rounds):
            for mtu in (int(number) for number in options.mtu.split(",")):
                for test in tests:
                    for nat in candidates:
                        print(f"bench: round {round_number + 1} of {options.rounds}, MTU {mtu}, {test}, {nat.name} …",
                              file=sys.stderr)
                        try:
                            results.add(mtu, test, nat.name, one(nat, mtu, test, options, log))
                        except (RuntimeError, OSError, ValueError, KeyError) as error:
                            failures += 1
                            print(f"bench: {nat.name}, {test}: {error}", file=sys.stderr)
    print(results.table())
    for path, text in ((options.json, results.as_json), (options.svg, results.as_svg)):
        if path:
            with open(path, "w", encoding="utf-8") as file:
                file.write(text())
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
