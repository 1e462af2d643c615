#include "app/open_link.h"

#include <chrono>
#include <string>
#include <utility>

#include <gsl/assert>

#include "app/guest_link.h"
#include "app/log.h"
#include "devices/link/datagram_link.h"
#include "devices/link/dumped_link.h"
#include "devices/link/stream_link.h"
#include "devices/link/tap.h"
#include "devices/link/vfio_user_link.h"
#include "devices/nic/e1000.h"
#include "devices/nic/i82559c.h"
#include "devices/nic/rtl8139.h"
#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

StreamPeer::Tell teller(const std::string& name) {
  return [name](StreamPeer::News news, const std::string& what) {
    news == StreamPeer::News::kCame ? log::info(name + ": " + what)
                                    : log::warning(name + ": " + what);
  };
}

std::unique_ptr<GuestLink> open(const StreamNetdev& stream, const std::string& name) {
  const StreamPeer::Tell tell = teller(name);
  if (const auto* const given = std::get_if<GivenDescriptor>(&stream.peer)) {
    return std::make_unique<StreamLink>(Descriptor(given->number), tell);
  }
  return std::make_unique<StreamLink>(std::get<StreamPeerOptions>(stream.peer), tell);
}

std::unique_ptr<GuestLink> open(const DatagramNetdev& datagram) {
  if (const auto* const given = std::get_if<GivenDescriptor>(&datagram.peer)) {
    return std::make_unique<DatagramLink>(Descriptor(given->number));
  }
  if (const auto* const group = std::get_if<DatagramNetdev::Group>(&datagram.peer)) {
    return DatagramLink::of_group(group->group, group->interface);
  }
  const auto& pair = std::get<DatagramNetdev::Pair>(datagram.peer);
  return std::make_unique<DatagramLink>(pair.remote, pair.local);
}

Descriptor open(const TapNetdev& tap) {
  if (tap.given) return Descriptor(tap.given->number);
  Descriptor descriptor = open_tap(tap.name.empty() ? "tap%d" : tap.name);
  log::info("the interface is " + tap_name(descriptor));
  return descriptor;
}

std::unique_ptr<Nic> make_nic(const CardOptions& card, PciSlot& slot) {
  constexpr std::uint8_t kRevisionOf8139C = 0x10;
  Expects(card.mac.has_value());
  const MacAddress& mac = *card.mac;
  switch (card.model) {
    case CardModel::kRtl8139: {
      Rtl8139::Options options{.address = mac};
      if (!card.plus) options.revision = kRevisionOf8139C;
      return std::make_unique<Rtl8139>(slot, options);
    }
    case CardModel::kI82559c:
      return std::make_unique<I82559c>(slot, mac);
    default:
      return std::make_unique<E1000>(slot, mac);
  }
}

std::unique_ptr<GuestLink> open(const CardOptions& card, const std::string& name) {
  if (card.socket == CardSocket::kVhostUser) {
    throw std::system_error(std::make_error_code(std::errc::not_supported),
                            "can't listen for a machine on " + card.path);
  }
  const auto make = [&card](PciSlot& slot) { return make_nic(card, slot); };
  return std::make_unique<VfioUserLink>(card.path, make, &monotonic_now, teller(name));
}

std::unique_ptr<GuestLink> open_bare(const Netdev& netdev, const NetworkInvocation& invocation) {
  const std::string name = "netdev" + (netdev.id.empty() ? "" : " " + netdev.id);
  if (const auto* const stream = std::get_if<StreamNetdev>(&netdev.kind)) {
    return open(*stream, name);
  }
  if (const auto* const datagram = std::get_if<DatagramNetdev>(&netdev.kind)) {
    return open(*datagram);
  }
  if (const auto* const card = std::get_if<CardOptions>(&netdev.kind)) return open(*card, name);
  const auto* const tap = std::get_if<TapNetdev>(&netdev.kind);
  Expects(tap != nullptr);
  return guest_link(open(*tap), invocation);
}

CaptureOptions options_of(const FilterDump& dump) {
  return {.path = dump.file,
          .filter = {},
          .clock = {.start = monotonic_now(),
                    .at_start = std::chrono::system_clock::now().time_since_epoch()},
          .max_length = dump.max_length};
}

}  // namespace

std::unique_ptr<GuestLink> open_link(const Netdev& netdev, const RunInvocation& invocation) {
  std::unique_ptr<GuestLink> link = open_bare(netdev, invocation.common);
  for (const FilterDump& dump : invocation.dumps) {
    if (netdev.id.empty() || dump.netdev != netdev.id) continue;
    link = std::make_unique<DumpedLink>(std::move(link), options_of(dump), &monotonic_now);
  }
  return link;
}

}  // namespace sluice
