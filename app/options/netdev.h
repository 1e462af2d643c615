// What a network of its own is made of, in QEMU's words: "-netdev TYPE,id=NAME,…".
//
// One netdev is one link, or the user network itself. Each type has a table of its keys
// (key_table.h); values are checked here, so that what comes out can be tried as it is.

#ifndef SLUICE_APP_OPTIONS_NETDEV_H_
#define SLUICE_APP_OPTIONS_NETDEV_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/options/device.h"
#include "app/options/user_network.h"
#include "devices/link/l2tpv3_link.h"
#include "devices/link/socket_place.h"
#include "devices/link/stream_peer.h"

namespace sluice {

// A socket or tap that this process has been given, by its number.
struct GivenDescriptor {
  int number = -1;
};

// Frames behind their lengths: stream, and socket with listen= or connect=.
struct StreamNetdev {
  std::variant<StreamPeerOptions, GivenDescriptor> peer;
};

// A frame in each datagram: dgram, and socket with udp= or mcast=.
struct DatagramNetdev {
  struct Pair {
    SocketPlace remote;
    SocketPlace local;
  };
  struct Group {
    Endpoint group;
    IpAddress interface;  // unspecified: the system's choice
  };
  std::variant<Pair, Group, GivenDescriptor> peer;
};

// A Linux network interface: made here, or by somebody else who hands over descriptors.
struct TapNetdev {
  std::string name;                    // empty: the system's choice
  std::vector<GivenDescriptor> given;  // one for each queue
  std::uint32_t queues = 1;
  bool vnet_headers = true;
  // Commands that are told the name, when it has come and before it goes; empty: none.
  std::string script;
  std::string down_script;
  // A command that hands over the interface, on that bridge; empty: none (tap_helper.h).
  std::string helper;
  std::string bridge = "br0";
};

// A port of a switch of Virtual Distributed Ethernet.
struct VdeNetdev {
  std::string place;  // as libvdeplug takes it; empty: its default
  int port = 0;       // 0: any
  std::string group;  // of this end's socket; empty: the process's
  std::uint32_t mode = 0700;
};

// Joins a link to a hub, instead of to the switch that all others meet on.
struct HubPort {
  std::uint32_t hub = 0;
  std::string netdev;  // empty: cards join it that name the port's own id
};

// A card is the link that its --device makes; parse_netdev() has none.
struct Netdev {
  std::string id;
  std::variant<UserNetworkOptions, StreamNetdev, DatagramNetdev, TapNetdev, VdeNetdev,
               L2tpv3Options, HubPort, CardOptions>
      kind;
  std::string text;  // as it was asked for
};

// Reads "TYPE,key=value,…". Throws UsageError.
Netdev parse_netdev(std::string_view text);

// The types there are, and the keys of one of them, for a manual.
std::vector<std::string_view> netdev_types();
std::vector<OptionHelp> netdev_help(std::string_view type);

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_NETDEV_H_
