#include "devices/link/tap.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <gsl/assert>

namespace sluice {

namespace {

// Since Linux 6.2, so not in the headers of every system this is built on.
constexpr unsigned kOffloadUdp4 = 0x20;  // TUN_F_USO4
constexpr unsigned kOffloadUdp6 = 0x40;  // TUN_F_USO6

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

[[noreturn]] void fail_to_open(int error, const std::string& device) {
  const std::string what = "can't open " + device;
  switch (error) {
    case ENOENT:
    case ENXIO:
    case ENODEV:
      fail(error, what +
                      " (load the module with 'modprobe tun'; in a container, pass the device in, "
                      "as with '--device /dev/net/tun')");
    case EACCES:
      fail(error, what +
                      " (systems usually let everybody open it, because making an interface "
                      "needs CAP_NET_ADMIN anyway: 'chmod 666 " +
                      device + "')");
    case EPERM:
      fail(error, what +
                      " (in a container, its device rules must allow character device 10:200, "
                      "as with '--device /dev/net/tun')");
    default:
      fail(error, what);
  }
}

[[noreturn]] void fail_to_attach(int error, const std::string& name, const std::string& device) {
  const std::string what = "can't make the tap interface '" + name + "'";
  switch (error) {
    case EPERM:
      fail(error, what +
                      " (this needs CAP_NET_ADMIN in the network namespace: be root, or be in a "
                      "user namespace that owns it)");
    case EBUSY:
      fail(error,
           what + " (another process holds it, or an interface of another kind has the name)");
    case EINVAL:
      fail(error, what +
                      " (the name is not a valid one, or the interface exists and is no tap with "
                      "as many queues, one or several)");
    case ENOTTY:
      fail(error, what + " (" + device + " is not the tun device: 'ls -l " + device +
                      "' should show a character device 10, 200)");
    default:
      fail(error, what);
  }
}

ifreq interface_of(const Descriptor& tap) {
  ifreq request{};
  if (::ioctl(tap.get(), TUNGETIFF, &request) < 0) {
    fail(errno, "can't ask a descriptor for its tap interface");
  }
  return request;
}

constexpr unsigned short kBareTap = IFF_TAP | IFF_NO_PI;
constexpr unsigned short kVnetTap = kBareTap | IFF_VNET_HDR;

unsigned short form_of(const ifreq& request) {
  constexpr unsigned short kForm = IFF_TUN | IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
  return static_cast<unsigned short>(request.ifr_flags) & kForm;
}

bool has_form(const Descriptor& descriptor, unsigned short form) {
  ifreq request{};
  return ::ioctl(descriptor.get(), TUNGETIFF, &request) == 0 && form_of(request) == form;
}

// Tells the kernel what this end takes over; returns it.
LinkCapabilities agree_on_offloads(const Descriptor& tap) {
  constexpr unsigned kTcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6;
  const bool udp = ::ioctl(tap.get(), TUNSETOFFLOAD, kTcp | kOffloadUdp4 | kOffloadUdp6) == 0;
  // A kernel that does not know a flag refuses them all.
  if (!udp && ::ioctl(tap.get(), TUNSETOFFLOAD, kTcp) < 0) {
    fail(errno, "can't take over a tap's checksums and segmentation");
  }
  return {.checksum = true,
          .tcp4_segmentation = true,
          .tcp6_segmentation = true,
          .udp_segmentation = udp};
}

}  // namespace

Descriptor open_tap(const std::string& name, const TapOptions& options) {
  ifreq request{};
  const gsl::span<char> field(request.ifr_name);
  if (name.size() >= field.size()) {
    fail(ENAMETOOLONG, "can't make the tap interface '" + name + "' (a name has at most " +
                           std::to_string(field.size() - 1) + " characters)");
  }
  // The kernel would cut the name there and make another interface.
  if (name.find('\0') != std::string::npos) fail_to_attach(EINVAL, name, options.device);
  const std::string wanted = name.empty() ? "tap%d" : name;
  wanted.copy(field.data(), field.size() - 1);
  // The field is a short whose top bits are flags like these.
  request.ifr_flags = static_cast<short>((options.vnet_headers ? kVnetTap : kBareTap) |
                                         (options.one_of_many ? IFF_MULTI_QUEUE : 0));

  Descriptor tap(::open(options.device.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!tap) fail_to_open(errno, options.device);
  if (::ioctl(tap.get(), TUNSETIFF, &request) < 0) fail_to_attach(errno, wanted, options.device);
  return tap;
}

bool has_vnet_headers(const Descriptor& descriptor) {
  return has_form(descriptor, kVnetTap);
}

bool has_bare_frames(const Descriptor& descriptor) {
  return has_form(descriptor, kBareTap);
}

std::string tap_name(const Descriptor& tap) {
  const ifreq request = interface_of(tap);
  const std::string_view field(request.ifr_name, sizeof(request.ifr_name));
  return std::string(field.substr(0, field.find('\0')));
}

Tap::Tap(Descriptor tap) : tap_(std::move(tap)) {
  if (form_of(interface_of(tap_)) != kVnetTap) {
    fail(EINVAL,
         "the descriptor is no tap with virtio headers (open it with IFF_TAP, IFF_NO_PI and "
         "IFF_VNET_HDR)");
  }
  int header_size = kVnetHeaderSize;
  if (::ioctl(tap_.get(), TUNSETVNETHDRSZ, &header_size) < 0) {
    fail(errno, "can't set the size of a tap's virtio headers");
  }
  int little_endian = 1;
  if (::ioctl(tap_.get(), TUNSETVNETLE, &little_endian) < 0) {
    fail(errno, "can't make a tap's virtio headers little-endian");
  }
  const int status = ::fcntl(tap_.get(), F_GETFL);
  if (status < 0 || ::fcntl(tap_.get(), F_SETFL, status | O_NONBLOCK) < 0) {
    fail(errno, "can't make a tap nonblocking");
  }
  capabilities_ = agree_on_offloads(tap_);
  output_ = std::make_unique_for_overwrite<std::uint8_t[]>(kVnetHeaderSize + kMaxReserve);
}

gsl::span<const Frame> Tap::receive() {
  std::size_t count = 0;
  for (const Bytes packet : reader_.read(tap_.get(), counters_)) {
    if (packet.size() < kVnetHeaderSize) {
      counters_.count(Drop::kTruncated);
      continue;
    }
    const Bytes bytes = packet.subspan(kVnetHeaderSize);
    const std::optional<Offload> offload = parse_vnet_header(packet.first(kVnetHeaderSize), bytes);
    if (!offload) {
      counters_.count(Drop::kMalformed);
      continue;
    }
    frames_.at(count) = {.bytes = bytes, .offload = *offload};
    ++count;
  }
  return {frames_.data(), count};
}

MutableBytes Tap::reserve(std::size_t size) {
  Expects(size <= kMaxReserve);
  reserved_ = size;
  return {output_.get() + kVnetHeaderSize, size};
}

void Tap::commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) {
  Expects(size <= reserved_);
  emit_vnet_header(offload, size + total_size(payload), {output_.get(), kVnetHeaderSize});
  reserved_ = 0;
  const int error = write_packet(tap_.get(), {output_.get(), kVnetHeaderSize + size}, payload);
  if (error == 0) return;
  if (error == EBADFD) closed_ = true;
  counters_.count(Drop::kLinkFull);
}

}  // namespace sluice
