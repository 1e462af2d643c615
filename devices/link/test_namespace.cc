#include "devices/link/test_namespace.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include <gsl/span>

#include "devices/link/tap.h"

namespace sluice {

namespace {

constexpr std::size_t kDescriptors = 5;

// What the child says beside the descriptors.
struct Message {
  int error = 0;
  bool unavailable = false;  // rather than broken
  int index = 0;
  std::array<std::uint8_t, MacAddress::kSize> mac{};
  std::array<char, 300> text{};
};

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

void enter_namespace() {
  if (::geteuid() == 0 && ::unshare(CLONE_NEWNET) == 0) return;
  checked(::unshare(CLONE_NEWUSER | CLONE_NEWNET), "unshare");
}

sockaddr_in socket_address(const IpAddress& address) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_addr.s_addr = htonl(address.v4_bits());
  return result;
}

// Gives the interface its address and brings it up, quietly: without IPv6 no frame leaves it
// unasked.
void configure(const Descriptor& socket, const std::string& name, Message& message) {
  const Descriptor ipv6(
      ::open(("/proc/sys/net/ipv6/conf/" + name + "/disable_ipv6").c_str(), O_WRONLY | O_CLOEXEC));
  if (ipv6) checked(static_cast<int>(::write(ipv6.get(), "1", 1)), "disable_ipv6");

  ifreq request{};
  name.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
  checked(::ioctl(socket.get(), SIOCGIFINDEX, &request), "SIOCGIFINDEX");
  message.index = request.ifr_ifindex;
  checked(::ioctl(socket.get(), SIOCGIFHWADDR, &request), "SIOCGIFHWADDR");
  std::memcpy(message.mac.data(), static_cast<const char*>(request.ifr_hwaddr.sa_data),
              message.mac.size());
  sockaddr_in address = socket_address(TestNamespace::kGuest);
  std::memcpy(&request.ifr_addr, &address, sizeof(address));
  checked(::ioctl(socket.get(), SIOCSIFADDR, &request), "SIOCSIFADDR");
  address = socket_address(IpAddress::v4(255, 255, 255, 0));
  std::memcpy(&request.ifr_netmask, &address, sizeof(address));
  checked(::ioctl(socket.get(), SIOCSIFNETMASK, &request), "SIOCSIFNETMASK");
  checked(::ioctl(socket.get(), SIOCGIFFLAGS, &request), "SIOCGIFFLAGS");
  request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
  checked(::ioctl(socket.get(), SIOCSIFFLAGS, &request), "SIOCSIFFLAGS");
}

void send_to_parent(int socket, Message& message, gsl::span<const int> descriptors) {
  iovec piece{&message, sizeof(message)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptors)> control{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(descriptors.size_bytes());
    std::memcpy(CMSG_DATA(rights), descriptors.data(), descriptors.size_bytes());
  }
  checked(static_cast<int>(::sendmsg(socket, &header, 0)), "sendmsg");
}

void make_in_child(int to_parent) {
  Message message;
  bool entered = false;
  try {
    enter_namespace();
    entered = true;
    const Descriptor tap = open_tap("tap%d");
    const Descriptor udp(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "udp"));
    const Descriptor tcp(
        checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "tcp"));
    const Descriptor packet(
        checked(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), "packet socket"));
    const Descriptor netlink(
        checked(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "netlink"));
    configure(udp, tap_name(tap), message);
    sockaddr_ll to_tap{};
    to_tap.sll_family = AF_PACKET;
    to_tap.sll_protocol = htons(ETH_P_ALL);
    to_tap.sll_ifindex = message.index;
    sockaddr_storage storage{};
    std::memcpy(&storage, &to_tap, sizeof(to_tap));
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the interface of sockets.
    checked(::bind(packet.get(), reinterpret_cast<const sockaddr*>(&storage), sizeof(to_tap)),
            "bind of the packet socket");
    const std::array<int, kDescriptors> descriptors = {tap.get(), udp.get(), tcp.get(),
                                                       packet.get(), netlink.get()};
    send_to_parent(to_parent, message, descriptors);
  } catch (const std::system_error& error) {
    message.error = error.code().value();
    const std::string text = error.what();
    text.copy(message.text.data(), message.text.size() - 1);
    message.unavailable = !entered || text.find("/dev/net/tun") != std::string::npos;
    send_to_parent(to_parent, message, {});
  }
}

}  // namespace

void TestNamespace::delete_interface() const {
  struct {
    nlmsghdr header;
    ifinfomsg interface;
  } request{};
  request.header.nlmsg_len = sizeof(request);
  request.header.nlmsg_type = RTM_DELLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.interface.ifi_index = index;
  checked(static_cast<int>(::send(netlink.get(), &request, sizeof(request), 0)), "RTM_DELLINK");
  struct {
    nlmsghdr header;
    nlmsgerr error;
    std::array<char, 512> rest;
  } answer{};
  checked(static_cast<int>(::recv(netlink.get(), &answer, sizeof(answer), 0)), "RTM_DELLINK");
  if (answer.error.error != 0) {
    throw std::system_error(-answer.error.error, std::generic_category(), "RTM_DELLINK");
  }
}

std::variant<TestNamespace, NoNamespace> make_test_namespace() {
  std::array<int, 2> pair{};
  checked(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()), "socketpair");
  const Descriptor ours(pair[0]);
  Descriptor theirs(pair[1]);
  const pid_t child = checked(::fork(), "fork");
  if (child == 0) {
    make_in_child(theirs.get());
    ::_exit(0);
  }
  theirs.reset();

  Message message;
  iovec piece{&message, sizeof(message)};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kDescriptors)> control{};
  msghdr header{};
  header.msg_iov = &piece;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(ours.get(), &header, MSG_CMSG_CLOEXEC);
  ::waitpid(child, nullptr, 0);
  if (size != sizeof(message)) {
    throw std::system_error(EPROTO, std::generic_category(), "the child said nothing");
  }
  if (message.unavailable) {
    return NoNamespace{message.text.data()};
  }
  if (message.error != 0) {
    throw std::system_error(message.error, std::generic_category(), message.text.data());
  }
  const cmsghdr* rights = CMSG_FIRSTHDR(&header);
  std::array<int, kDescriptors> received{};
  if (rights == nullptr || rights->cmsg_len != CMSG_LEN(sizeof(received))) {
    throw std::system_error(EPROTO, std::generic_category(), "the child sent no descriptors");
  }
  std::memcpy(received.data(), CMSG_DATA(rights), sizeof(received));
  TestNamespace result;
  result.tap.reset(received[0]);
  result.udp.reset(received[1]);
  result.tcp.reset(received[2]);
  result.packet.reset(received[3]);
  result.netlink.reset(received[4]);
  result.index = message.index;
  result.mac = MacAddress(message.mac);
  return result;
}

}  // namespace sluice
