#include "app/namespace/interface.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "app/namespace/failure.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

Descriptor control_socket() {
  Descriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) fail(errno, "can't open a socket to set up an interface with");
  return control;
}

ifreq request_for(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= IFNAMSIZ) {
    fail(EINVAL, "'" + name + "' is no interface's name (they have 1 to 15 characters)");
  }
  std::ranges::copy(name, std::begin(request.ifr_name));
  return request;
}

sockaddr socket_address(std::uint32_t v4_bits) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(v4_bits);
  sockaddr generic{};
  static_assert(sizeof generic == sizeof address);
  std::memcpy(&generic, &address, sizeof generic);
  return generic;
}

void apply(const Descriptor& control, unsigned long code, ifreq& request, const char* what) {
  if (::ioctl(control.get(), code, &request) != 0) {
    const std::string name = std::begin(request.ifr_name);
    fail(errno, std::string("can't set the ") + what + " of interface " + name);
  }
}

template <typename Value>
struct Attribute {
  explicit Attribute(unsigned short type)
      : header{.rta_len = sizeof(Attribute), .rta_type = type} {}

  rtattr header;
  Value value{};
};
using NumberAttribute = Attribute<std::uint32_t>;
using AddressAttribute = Attribute<std::array<std::uint8_t, 16>>;
static_assert(sizeof(NumberAttribute) == 8 && sizeof(AddressAttribute) == 20);

// A netlink message that changes an interface (rtnetlink(7)). The older ioctl for the queue's
// length wants privilege on the whole machine.
struct LinkRequest {
  nlmsghdr header{};
  ifinfomsg interface {};
  NumberAttribute queue_length{IFLA_TXQLEN};
  NumberAttribute mtu{IFLA_MTU};  // the last, to be left out where it stays
};
static_assert(sizeof(LinkRequest) == sizeof(nlmsghdr) + sizeof(ifinfomsg) + 16);

struct AddressRequest {
  nlmsghdr header{};
  ifaddrmsg address{};
  AddressAttribute local{IFA_LOCAL};
};
static_assert(sizeof(AddressRequest) == sizeof(nlmsghdr) + sizeof(ifaddrmsg) + 20);

struct RouteRequest {
  nlmsghdr header{};
  rtmsg route{};
  AddressAttribute gateway{RTA_GATEWAY};
  NumberAttribute interface { RTA_OIF };
};
static_assert(sizeof(RouteRequest) == sizeof(nlmsghdr) + sizeof(rtmsg) + 28);

// Returns errno, 0 when the kernel has done it.
template <typename Request>
int ask_kernel(Request request, std::uint16_t type) {
  if (request.header.nlmsg_len == 0) request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = type;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  if (type != RTM_NEWLINK) request.header.nlmsg_flags |= NLM_F_CREATE | NLM_F_REPLACE;
  const Descriptor netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!netlink || ::send(netlink.get(), &request, request.header.nlmsg_len, 0) < 0) return errno;
  struct {
    nlmsghdr header;
    nlmsgerr result;
    std::array<char, 512> rest;
  } answer{};
  if (::recv(netlink.get(), &answer, sizeof answer, 0) < 0) return errno;
  return answer.header.nlmsg_type == NLMSG_ERROR ? -answer.result.error : EPROTO;
}

LinkRequest link_request_for(const std::string& name) {
  ifreq request = request_for(name);
  if (::ioctl(control_socket().get(), SIOCGIFINDEX, &request) != 0) {
    fail(errno, "can't find interface " + name);
  }
  LinkRequest link;
  link.header.nlmsg_len = sizeof link;
  link.interface.ifi_index = request.ifr_ifindex;
  link.queue_length.value = kTapQueueLength;
  return link;
}

void change_link(const std::string& name, const LinkRequest& request) {
  const int error = ask_kernel(request, RTM_NEWLINK);
  if (error != 0) fail(error, "can't set up interface " + name);
}

void bring_up(const Descriptor& control, const std::string& name) {
  ifreq request = request_for(name);
  if (::ioctl(control.get(), SIOCGIFFLAGS, &request) != 0) {
    fail(errno, "can't ask for the state of interface " + name);
  }
  request.ifr_flags |= IFF_UP;
  apply(control, SIOCSIFFLAGS, request, "state");
}

}  // namespace

void bring_up(const std::string& name) {
  bring_up(control_socket(), name);
}

void prepare_tap(const std::string& name, std::uint16_t mtu) {
  LinkRequest request = link_request_for(name);
  request.interface.ifi_flags = IFF_UP;
  request.interface.ifi_change = IFF_UP;
  request.mtu.value = mtu;
  change_link(name, request);
}

void lengthen_queue(const std::string& name) {
  LinkRequest request = link_request_for(name);
  request.header.nlmsg_len -= sizeof request.mtu;
  change_link(name, request);
}

void set_link_address(const std::string& name, const MacAddress& address) {
  ifreq request = request_for(name);
  request.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::ranges::copy(address.octets(), std::begin(request.ifr_hwaddr.sa_data));
  apply(control_socket(), SIOCSIFHWADDR, request, "link address");
}

void configure_interface(const std::string& name, const IpAddress& address, const Subnet& subnet,
                         const IpAddress& gateway) {
  const Descriptor control = control_socket();
  ifreq request = request_for(name);
  request.ifr_addr = socket_address(address.v4_bits());
  apply(control, SIOCSIFADDR, request, "address");
  request = request_for(name);
  request.ifr_netmask = socket_address(subnet.v4_mask());
  apply(control, SIOCSIFNETMASK, request, "network mask");

  rtentry route{};
  route.rt_dst = socket_address(0);
  route.rt_genmask = socket_address(0);
  route.rt_gateway = socket_address(gateway.v4_bits());
  route.rt_flags = RTF_UP | RTF_GATEWAY;
  std::string device = name;
  route.rt_dev = device.data();
  if (::ioctl(control.get(), SIOCADDRT, &route) != 0) {
    fail(errno, "can't set the default route via " + gateway.to_string() + " on " + name);
  }
}

void configure_interface6(const std::string& name, const IpAddress& address, const Subnet& subnet,
                          const IpAddress& gateway) {
  const unsigned index = ::if_nametoindex(name.c_str());
  if (index == 0) fail(errno, "can't find interface " + name);
  AddressRequest request;
  request.address.ifa_family = AF_INET6;
  request.address.ifa_prefixlen = static_cast<unsigned char>(subnet.length());
  request.address.ifa_flags = IFA_F_NODAD | IFA_F_PERMANENT;
  request.address.ifa_index = index;
  request.local.value = address.octets();
  int error = ask_kernel(request, RTM_NEWADDR);
  if (error != 0) fail(error, "can't set the address " + address.to_string() + " of " + name);

  RouteRequest route;
  route.route.rtm_family = AF_INET6;
  route.route.rtm_table = RT_TABLE_MAIN;
  route.route.rtm_protocol = RTPROT_STATIC;
  route.route.rtm_scope = RT_SCOPE_UNIVERSE;
  route.route.rtm_type = RTN_UNICAST;
  route.gateway.value = gateway.octets();
  route.interface.value = index;
  error = ask_kernel(route, RTM_NEWROUTE);
  if (error != 0) {
    fail(error, "can't set the default route via " + gateway.to_string() + " on " + name);
  }
}

bool has_ipv6() {
  const Descriptor setting(
      ::open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_RDONLY | O_CLOEXEC));
  char value = '1';
  return setting && ::read(setting.get(), &value, 1) == 1 && value == '0';
}

}  // namespace sluice
