// A network namespace with a tap in it, for tests of real kernels.
//
// A child process enters a namespace of its own (with a user namespace unless it is root), opens
// the tap and some sockets, configures the interface, hands all descriptors to the test and ends.
// A socket stays in the namespace it was made in, so the test speaks for the guest's kernel through
// the sockets and for the network through the tap, in one process. The namespace goes away with the
// last descriptor.

#ifndef SLUICE_DEVICES_LINK_TEST_NAMESPACE_H_
#define SLUICE_DEVICES_LINK_TEST_NAMESPACE_H_

#include <string>
#include <variant>

#include "posix/descriptor.h"
#include "stack/address.h"

namespace sluice {

struct TestNamespace {
  Descriptor tap;      // of open_tap("tap%d"), up, with kGuest and the prefix length 24
  Descriptor udp;      // unbound sockets of the guest
  Descriptor tcp;      // nonblocking
  Descriptor packet;   // AF_PACKET, bound to the tap, receives all incoming frames
  Descriptor netlink;  // NETLINK_ROUTE
  int index = 0;       // of the interface
  MacAddress mac;      // of the interface

  // Removes the interface, as a guest's administrator may at any time.
  void delete_interface() const;

  static constexpr IpAddress kGuest = IpAddress::v4(10, 0, 2, 15);
};

// Why there can be none here: no namespaces or no tap device.
struct NoNamespace {
  std::string reason;
};

// Throws std::system_error for anything that should work where namespaces and taps are there.
std::variant<TestNamespace, NoNamespace> make_test_namespace();

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_TEST_NAMESPACE_H_
