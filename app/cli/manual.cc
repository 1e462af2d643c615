#include "app/cli/manual.h"

#include "app/cli/option_help.h"
#include "app/options/device.h"
#include "app/options/netdev.h"
#include "app/options/object.h"

namespace sluice {
namespace {

constexpr std::string_view kOverview = R"(NAME
    sluice - gives a program, a container or a virtual machine a network of its own, without
    privilege

SYNOPSIS
    sluice exec [OPTION]... [--] COMMAND [ARGUMENT]...
    sluice attach [OPTION]... PID|NETNS-PATH [TAPNAME]
    sluice run [OPTION]... --netdev TYPE[,KEY=VALUE]...
    sluice ctl [OPTION]... COMMAND [KEY=VALUE]...
    sluice replay [OPTION]... CAPTURE
    sluice help [COMMAND]
    sluice --version

DESCRIPTION
    Sluice is a TCP/IP network address translator in one ordinary process. Whatever is behind it
    sees an Ethernet with a gateway (10.0.2.2), a DNS server (10.0.2.3), a DHCP server, and the
    internet beyond; the outside sees connections of the user who runs Sluice.

COMMANDS
    exec      Runs a command in a new network namespace whose only way out is Sluice.
    attach    Gives a network to a namespace that already exists.
    run       Is the network of virtual machines, emulators and others that connect to it.
    ctl       Asks a network of 'sluice run', and changes it.
    replay    Feeds a capture to the same network, on the capture's own clock, and says what became
              of it.

    'sluice COMMAND --help' is the page of each.
)";

constexpr std::string_view kExec = R"(NAME
    sluice exec - run a command in a virtual network of its own

SYNOPSIS
    sluice exec [OPTION]... [--] COMMAND [ARGUMENT]...

DESCRIPTION
    Runs COMMAND in new user, network, mount and process-id namespaces. Its network has one
    interface, with the address 10.0.2.15, the gateway 10.0.2.2 and the DNS server 10.0.2.3, which
    /etc/resolv.conf names for COMMAND. 10.0.2.2 leads to the host's loopback.

    COMMAND has the caller's terminal, files, directory, environment and user. Keys such as Ctrl-C
    and Ctrl-Z reach it as they always do; SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2 and
    SIGWINCH that somebody sends to Sluice are passed on. Processes that COMMAND leaves behind end
    with it, and everything ends when Sluice does, whatever ends it.

    Options after COMMAND are COMMAND's.

OPTIONS
    --map-root          Makes the user root inside, with every privilege over the namespaces.
                        (Root outside is root inside anyway.)
    --dhcp              Leaves address and route to a DHCP client that COMMAND runs.
    --tap NAME          The interface's name. Default: tap0.
)";

constexpr std::string_view kLinkOptions =
    R"(    --pcap FILE         Records all frames to FILE, as pcap with nanoseconds.
    --pcap-filter EXPR  Records only what the filter, in tcpdump's syntax, matches.
    --impair KEY=VALUE[,KEY=VALUE]...
                        Makes a bad line of the link, the same in both directions: rate=BITS (per
                        second; k, M or G may follow), delay=TIME and jitter=TIME (ns, us, ms or s;
                        the jitter is at most the delay), loss=PART%, duplicate=PART%,
                        reorder=PART%, corrupt=PART% (of all frames), queue=BYTES (that are under
                        way at most; k or M may follow; default: 16M), seed=NUMBER (what chance
                        derives from; default: 0). For example delay=50ms,loss=1%. Frames are no
                        larger than the MTU then.
    --busy-poll MICROSECONDS
                        How long to poll for what is expected soon before falling asleep. While small
                        packets keep coming within that time, all of an otherwise idle processor is
                        used; 0 saves that at the price of latency. Default: 100.
)";

constexpr std::string_view kCommonOptions =
    R"(    --seed HEX          What everything random derives from, up to 32 hexadecimal digits.
                        Default: %SEED%.
    --log-level LEVEL   What is said on standard error: info, warning, error or off.
                        Default: warning.
    -v, --verbose       The same as --log-level info: what is opened, and at the end what happened.
    -q, --quiet         The same as --log-level error.
    -h, --help          Shows this page.
)";

constexpr std::string_view kUserOption =
    R"(    --netdev user[,KEY=VALUE]...
                        The network, in QEMU's syntax; see NETWORK.
)";

constexpr std::string_view kNetwork = R"(
NETWORK
    The keys of --netdev are QEMU's. A comma in a value is written twice. A key that may be on or
    off may stand alone.

)";

constexpr std::string_view kExecRest = R"(
EXIT STATUS
    That of COMMAND; 128+N if signal N ended it, 127 if it was not found, 126 if it could not be
    run, 1 if its network could not be set up, 2 for a wrong command line.

    What COMMAND has sent before it ended is still delivered. To receivers that take nothing for 10
    seconds it is not; a signal such as Ctrl-C ends the wait at once.

EXAMPLES
    sluice exec -- curl https://example.org/
    sluice exec bash
    sluice exec --netdev user,hostfwd=tcp:127.0.0.1:8080-:80 --map-root -- busybox httpd -f -p 80
    sluice exec --netdev user,restrict=on -- make check
    sluice exec --pcap out.pcap --pcap-filter 'port 53' -- apt-get update

NOTES
    Pings leave through unprivileged ICMP sockets, which the host may have switched off:
        sysctl -w net.ipv4.ping_group_range="0 2147483647"
)";

constexpr std::string_view kAttach = R"(NAME
    sluice attach - give a network to a namespace that already exists

SYNOPSIS
    sluice attach [OPTION]... PID|NETNS-PATH [TAPNAME]

DESCRIPTION
    Makes the interface TAPNAME (default: tap0) in the network namespace of process PID, or in the
    one that a path names (/run/netns/NAME), and is the network behind it until the namespace ends:
    until the process ends, the path no longer names the namespace, or the interface is deleted.

    The interface is up. Unless --configure is given, what runs inside gets its address from a DHCP
    client. Entering a namespace is allowed to root and to the user who made it, with the user
    namespace that owns it.

    When everything works, a line is printed on standard output: 'ready TAPNAME'.

OPTIONS
    --configure         Sets the address, the default route and the loopback interface.
    --ready-fd N        Writes '1' and a newline to descriptor N when everything works, and closes
                        it.
)";

constexpr std::string_view kAttachRest = R"(
EXIT STATUS
    0 when the namespace has ended or SIGTERM or SIGINT has come, 1 if the network could not be set
    up, 2 for a wrong command line.

EXAMPLES
    unshare --user --map-root-user --net sleep 1h &
    sluice attach --configure $!
    sluice attach --netdev user,net=192.168.7.0/24 /run/netns/blue eth0
)";

constexpr std::string_view kRun = R"(NAME
    sluice run - be the network of virtual machines, emulators and others that connect to it

SYNOPSIS
    sluice run [OPTION]... --netdev TYPE[,KEY=VALUE]...

DESCRIPTION
    Is a network in a process of its own. Each --netdev, which may be written -netdev as QEMU has it,
    is one link to somebody, or 'user', the way out. All of them meet on one switch, which learns who
    is where; those that a hubport names, and cards that name one, meet on that hub instead. Without
    'user' there is only what is connected.

    A link that breaks ends with a message, and may come back; everything else goes on. When all is
    set up, a line is printed on standard output: 'ready'.

OPTIONS
    --netdev TYPE[,KEY=VALUE]...
                        One link, or the user network; see LINKS and NETWORK. May be repeated.
                        'help' lists the types, 'TYPE,help' the keys of one.
    --nic TYPE[,KEY=VALUE]...
                        The same as --netdev. What QEMU says there of a card, as model= and mac=, is
                        passed over; 'none' is nothing.
    --device MODEL,netdev=NAME,vfio-user=PATH|vhost-user=PATH[,KEY=VALUE]...
                        A network card that a machine elsewhere plugs in; see CARDS. May be
                        repeated. 'help' lists the models, as does --nic model=help.
    --object TYPE,netdev=NAME[,KEY=VALUE]...
                        Puts something on one link, or on the user network's; see LINKS: filter-dump
                        records its frames, impair makes a bad line of it. May be repeated: the
                        first is the nearest to the link's other end. 'help' lists the types,
                        'TYPE,help' the keys of one.
    --nodefaults        Does nothing: there is nothing by default.
    --ready-fd N        Writes '1' and a newline to descriptor N when everything works, and closes
                        it.
    --control PATH      Listens on the unix socket PATH, for this user only, for others who ask and
                        give orders: 'sluice ctl', what speaks QEMU's machine protocol (QMP), and
                        clients of the API socket of slirp4netns. Links may then come and go, so that
                        nobody needs to be there at the beginning, and only a signal or the command
                        'quit' ends it.
    --qmp unix:PATH,server=on,wait=off
                        The same in QEMU's words.
)";

constexpr std::string_view kRunRest = R"(
EXIT STATUS
    0 when SIGTERM, SIGINT or 'quit' has come or nobody can be connected any more, 1 if the network
    could not be set up or somebody not be connected, 2 for a wrong command line.

EXAMPLES
    sluice run -netdev user -netdev stream,server=on,addr.type=unix,addr.path=/tmp/net
    qemu-system-x86_64 -netdev stream,id=n,addr.type=unix,addr.path=/tmp/net -device e1000,netdev=n ...
    sluice run -netdev user,hostfwd=tcp::2222-:22 -netdev socket,listen=127.0.0.1:1234
    sluice run -netdev dgram,remote.type=inet,remote.host=230.0.0.1,remote.port=1234 -netdev user
)";

constexpr std::string_view kCtl = R"(NAME
    sluice ctl - ask a running network, and change it

SYNOPSIS
    sluice ctl [OPTION]... COMMAND [KEY=VALUE]...

DESCRIPTION
    Gives one command to the 'sluice run' that was started with --control, and prints what it
    answers. The keys are those of the command's arguments; those in brackets may be left out. Where
    the key is left out, the words are the arguments in the order in which they stand here.

OPTIONS
    --socket PATH       The network's control socket. Default: what the environment variable
                        SLUICE_CONTROL names.
    --json              Prints what was returned, as JSON.
    -h, --help          Shows this page.

COMMANDS
    query-netdev        Each link: whether it is up, what has passed it, and how it was asked for.
                        SENT and RECEIVED are bytes, seen from whoever is behind the link.
    query-usernet [netdev=ID] [max=NUMBER]
                        The flows of the user network, those that have moved last first, 4096 at
                        most: where each really leads, its bytes of payload, how many seconds ago it
                        began and moved; and the forwarded ports, the guests, and how many packets
                        were dropped for which reason. With --json the limits, too.
    netdev_add TYPE,id=ID[,KEY=VALUE]...
                        Adds a link, in the words of run's --netdev, but with addresses or
                        'localhost' instead of names of hosts, and without descriptors, scripts and
                        helpers.
    netdev_del id=ID    Removes a link, or a hub port.
    set_link name=ID up=on|off
                        Nothing passes a link that is off, as if its cable was pulled out; the user
                        network, too. Only the guest of a card by vfio-user sees that its cable is.
    hostfwd_add hostfwd=RULE [netdev=ID]
                        Forwards a port of the host, in the words of hostfwd=, and prints the rule
                        with the port that the system has chosen, if 0 was asked for.
    hostfwd_remove hostfwd=RULE [netdev=ID]
                        Ends that. What stands behind '-' may be left out. Its connections go on.
    query-version, query-commands
                        The version, and the names of all commands.
    quit                Ends the network.

EXIT STATUS
    0, or 1 if the network refuses or none can be reached, 2 for a wrong command line.

EXAMPLES
    sluice run --netdev user --control /tmp/control &
    sluice ctl --socket /tmp/control netdev_add stream,id=a,server=on,addr.type=unix,addr.path=/tmp/a
    sluice ctl --socket /tmp/control hostfwd_add tcp:127.0.0.1:2222-:22
    sluice ctl --socket /tmp/control set_link a off
    sluice ctl --socket /tmp/control query-usernet
)";

constexpr std::string_view kReplay = R"(NAME
    sluice replay - feed a capture to the network

SYNOPSIS
    sluice replay [OPTION]... CAPTURE

DESCRIPTION
    Feeds the guest's frames of CAPTURE (pcap or pcapng; '-' is standard input) to the network, on
    the capture's own clock, and prints a summary: frames, flows, and what was dropped for which
    reason. Nothing leaves the machine: the hosts that the guest talks to are imitated. Frames from
    Sluice's own addresses (52:55:...) are left out. Gaps of more than a day are shortened to a day,
    and after the last frame ten more seconds pass.

    The same capture, options and seed give the same output, byte for byte. The keys hostfwd, tftp,
    smb and outbound of NETWORK are about the real host and have no part in it.

OPTIONS
    -o, --output FILE   Writes what the network answers to FILE, as pcap. '-' is standard output;
                        the summary is then on standard error.
    --host accept|refuse|silent
                        What the hosts do: they take connections and swallow what they are sent;
                        they refuse; they never answer. Default: accept.
    --guest-mac MAC     Feeds only frames from this address.
    --dont-verify-checksums
                        Takes frames for good whose TCP, UDP and ICMP checksums are wrong, as those
                        are that were captured before a network card completed them.
)";

constexpr std::string_view kReplayRest = R"(
EXIT STATUS
    0, or 1 if the capture could not be read or the output not be written, 2 for a wrong command
    line.

EXAMPLES
    sluice replay trouble.pcap
    sluice replay -o answers.pcap --host refuse --seed 2a trouble.pcapng
)";

constexpr std::size_t kIndent = 4;

std::string common_options(std::string_view seed) {
  std::string text(kCommonOptions);
  constexpr std::string_view kPlace = "%SEED%";
  return text.replace(text.find(kPlace), kPlace.size(), seed);
}

std::string network_section() {
  return std::string(kNetwork) + list_options(user_network_help(), kIndent);
}

std::string links_section() {
  std::string text = "\nLINKS\n";
  for (const std::string_view type : netdev_types()) {
    if (type == "user") continue;
    text.append(kIndent, ' ').append("--netdev ").append(type).append("\n");
    text += list_options(netdev_help(type), 2 * kIndent);
  }
  for (const std::string_view type : object_types()) {
    text.append(kIndent, ' ').append("--object ").append(type).append("\n");
    text += list_options(object_help(type), 2 * kIndent);
  }
  return text;
}

std::string cards_section() {
  std::string text = "\nCARDS\n";
  for (const OptionHelp& model : device_models()) {
    text.append(kIndent, ' ').append("--device ").append(model.key).append("\n");
    text += wrap(model.text, 3 * kIndent, kManualWidth);
  }
  return text + list_options(device_help(), 2 * kIndent);
}

}  // namespace

std::string manual(std::string_view command) {
  std::string text;
  if (command == "exec") {
    text.append(kExec).append(kLinkOptions).append(common_options("random"));
    text.append(kUserOption).append(network_section()).append(kExecRest);
  } else if (command == "attach") {
    text.append(kAttach).append(kLinkOptions).append(common_options("random"));
    text.append(kUserOption).append(network_section()).append(kAttachRest);
  } else if (command == "run") {
    text.append(kRun).append(kLinkOptions).append(common_options("random"));
    text.append(links_section()).append(cards_section()).append(network_section()).append(kRunRest);
  } else if (command == "ctl") {
    text = kCtl;
  } else if (command == "replay") {
    text.append(kReplay).append(common_options("0"));
    text.append(kUserOption).append(network_section()).append(kReplayRest);
  } else {
    text = kOverview;
  }
  return text;
}

}  // namespace sluice
