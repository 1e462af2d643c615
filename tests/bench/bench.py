"""Sluice side by side with other user-mode NATs: rounds of the same tests, one NAT after another.

Every measurement has namespaces of its own: a guest whose only way out is the NAT, the host that the
NAT runs in, and a far side with the servers. Nothing leaves them.
"""

import argparse
import contextlib
import os
import resource
import shutil
import sys
import tempfile
import time

import measure
import nats
import picture
import report
import spent
import worlds

_EPILOG = f"""\
The NATs: sluice; pasta and slirp4netns where they are installed; and two limits: relay, which carries
frames between two taps with the host's kernel as the router, and direct, no NAT at all, whose figures
do not depend on the guest's MTU and are taken for the first one only.

The tests: {', '.join(measure.DEFAULT)}, and hold-N for other N.

  up-N, down-N      N TCP streams, by iperf3
  udp-up-SIZE, udp-down-SIZE
                    datagrams as fast as the sender can, counted where they arrive
  rr, crr, udp-rr   one byte there and back: on a TCP connection that stays, on a new one each
                    time, by datagrams
  …-32              32 of them at once
  …-pinned          one at a time, and guest, NAT and servers all on one processor, so that it is
                    the work of the way which counts; without it, much of the time is what another
                    processor takes to wake up, which varies on a virtual machine
  hold-N            opens N connections one after another and leaves them idle: the time that takes,
                    the NAT's resident memory, and rr before and beside them; on one processor too

Processor time is the scheduler's account of the NAT's processes, with what the kernel does in their
calls. System calls are counted by perf, or by strace where perf is missing or not permitted, in another
run of one second, as counting takes time. Sluice polls before it sleeps, which is part of both; what a
small packet takes without that, --sluice-options='--busy-poll 0' shows.

All of it takes about three quarters of an hour; --rounds 1 --seconds 1 takes ten minutes. An interrupted
run reports what it has got.

It works as an ordinary user too, where there are user namespaces and the tun device is everybody's;
root's NATs run as user 1000. A NAT holds as many flows as the hard limit on open files lets it, which
root may raise ('ulimit -Hn').

Exit status: 0, or 1 if a test of sluice failed."""


def _numbers(text):
    return [int(word) for word in text.split(",")]


def parse():
    parser = argparse.ArgumentParser(
        prog="bench", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=_EPILOG,
        description="Measures Sluice and, where they are installed, pasta and slirp4netns, in turns.")
    for program in ("sluice", "load", "relay"):
        parser.add_argument("--" + program, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--peer-root", metavar="DIR", help="a directory with a Debian system that has the peers")
    parser.add_argument("--only", metavar="NAT,…", help="these instead of all there are")
    parser.add_argument("--stream", action="store_true",
                        help="instead of a tap, the guest comes by a stream of frames on a unix socket, as QEMU's netdev "
                        "stream sends them; Sluice and passt are measured")
    parser.add_argument("--tests", metavar="TEST,…", help="these instead of all that are named below")
    parser.add_argument("--curve", action="store_true",
                        help="instead of tests, time and memory per new flow from 100 to 100,000 idle flows")
    parser.add_argument("--impair", metavar="LIST",
                        help="makes a bad line of the guest's link, as sluice's option of that name does; only sluice "
                        "and the relay, whose figures are then those of the kernels' own TCP, have such a link")
    parser.add_argument("--sluice-options", metavar="WORDS", default="", help="more options of sluice")
    parser.add_argument("--mtu", metavar="N,…", type=_numbers, default="1500,65520",
                        help="of the guest; default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--seconds", type=int, default=3, help="that each test takes; default: %(default)s")
    parser.add_argument("--limit", type=int, default=60,
                        help="seconds after which no more flows are opened to hold them; default: %(default)s")
    parser.add_argument("--congestion", default="cubic", help="control of the guest's TCP; default: %(default)s")
    parser.add_argument("--host-congestion", default="cubic",
                        help="control of the NAT's and the servers' TCP; default: %(default)s")
    parser.add_argument("--no-calls", action="store_true", help="don't count system calls")
    parser.add_argument("--json", metavar="FILE", default="bench.json", help="for every figure; default: %(default)s")
    parser.add_argument("--svg", metavar="FILE", default="bench.svg", help="for the medians; default: %(default)s")
    return parser.parse_args()


def chosen_nats(options, sluice, relay):
    words = options.sluice_options.split()
    if options.stream:
        found = nats.plugged(sluice, words, options.peer_root)
    elif options.impair:
        found = [nats.Sluice(sluice, [*words, "--impair", options.impair]), nats.Relay(relay, options.impair)]
    else:
        found = [nats.Sluice(sluice, words), *nats.peers(options.peer_root), nats.Relay(relay), nats.Direct()]
    if not options.only:
        return found
    wanted = options.only.split(",")
    missing = set(wanted) - {nat.name for nat in found}
    if missing:
        sys.exit(f"bench: not installed: {', '.join(missing)}; there are {', '.join(nat.name for nat in found)}")
    return [nat for nat in found if nat.name in wanted]


def chosen_tests(options):
    tests = options.tests.split(",") if options.tests else measure.DEFAULT
    for test in tests:
        if not measure.is_test(test):
            sys.exit(f"bench: no test '{test}'; there are {', '.join(measure.DEFAULT)} and hold-N")
    return tests


def allow_descriptors():
    """As many as there can be, for servers, NATs and clients that hold connections."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = max(hard, 250_000) if worlds.is_root() else hard
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
    except (OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class Session:
    """One run of the program, with all that its measurements have in common."""

    def __init__(self, options, programs, results):
        self._options = options
        self._load = programs["load"]
        self._results = results
        self._counter = results.about["calls_counted_by"]
        self.failures_of = {}

    def measure(self, round_number, mtu, nat, what, work):
        """Calls work(bench) in a new world, and says on standard error how that went."""
        where = f"round {round_number + 1} of {self._options.rounds}, MTU {mtu}"
        print(f"bench: {where}, {what}, {nat.name} …", file=sys.stderr)
        place = worlds.one_processor() if measure.is_pinned(what) else contextlib.nullcontext()
        with place, worlds.Children() as children, tempfile.TemporaryFile("w+", errors="replace") as log:
            try:
                options = self._options
                inner = options.host_congestion if isinstance(nat, nats.Direct) else options.congestion
                world = worlds.World(children, self._load, inner, options.host_congestion)
                space, process = nat.start(world, mtu, log)
                bench = measure.Bench(space, process, self._load, options, self._counter)
                bench.warm_up()
                work(bench)
            except (RuntimeError, OSError, ValueError, LookupError) as error:
                self.failures_of[nat.name] = self.failures_of.get(nat.name, 0) + 1
                log.seek(0)
                said = log.read().strip()[-500:]
                print(f"bench: {nat.name}, {what}: {error}" + (f"; it said:\n{said}" if said else ""), file=sys.stderr)

    def run_tests(self, candidates, tests):
        options = self._options
        for round_number in range(options.rounds):
            for mtu in options.mtu:
                for test in tests:
                    for nat in _turned(candidates, round_number):
                        if isinstance(nat, nats.Direct) and mtu != options.mtu[0]:
                            continue
                        self.measure(round_number, mtu, nat, test, lambda bench, mtu=mtu, test=test, nat=nat:
                                     self._results.add(mtu, bench.run(test), nat.name))

    def run_curve(self, candidates):
        options = self._options
        for round_number in range(options.rounds):
            for nat in _turned(candidates, round_number):
                self.measure(round_number, options.mtu[0], nat, "curve", lambda bench, nat=nat:
                             self._results.add_curve(nat.name, bench.curve(measure.CURVE)))


def _turned(candidates, by):
    """So that none always comes first."""
    by %= len(candidates)
    return candidates[by:] + candidates[:by]


def reachable(directory, path):
    """A copy that the NATs' user can run, who can't look into everybody's directories."""
    copy = os.path.join(directory, os.path.basename(path))
    shutil.copyfile(path, copy)
    os.chmod(copy, 0o755)
    return copy


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown")


def main():
    options = parse()
    tests = chosen_tests(options)
    worlds.enter([options.congestion, options.host_congestion])
    worlds.make_tun_usable()
    allow_descriptors()
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as directory:
        os.chmod(directory, 0o755)
        programs = {name: reachable(directory, getattr(options, name)) for name in ("sluice", "load", "relay")}
        candidates = chosen_nats(options, programs["sluice"], programs["relay"])
        about = {
            "when": time.strftime("%F %R %z"), "processor": processor(), "processors": os.cpu_count(),
            "load_average": os.getloadavg()[0], "kernel": os.uname().release,
            "open_files": resource.getrlimit(resource.RLIMIT_NOFILE)[1],
            "rounds": options.rounds, "seconds": options.seconds,
            "stream": options.stream, "impairment": options.impair, "sluice_options": options.sluice_options,
            "congestion": options.congestion, "host_congestion": options.host_congestion,
            "as_root": worlds.is_root(), "calls_counted_by": None if options.no_calls else spent.calls_counter(),
            "versions": {nat.name: nat.version() for nat in candidates}}
        results = report.Results(about, [nat.name for nat in candidates if nat.is_peer])
        session = Session(options, programs, results)
        try:
            if options.curve:
                session.run_curve(candidates)
            else:
                session.run_tests(candidates, tests)
        except KeyboardInterrupt:
            print("bench: interrupted; this is what there is", file=sys.stderr)
    print(results.table())
    for path, text in ((options.json, results.as_json()), (options.svg, picture.draw(results))):
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        print(f"bench: wrote {path}", file=sys.stderr)
    sys.exit(1 if session.failures_of.get(report.OURS) else 0)


if __name__ == "__main__":
    main()
