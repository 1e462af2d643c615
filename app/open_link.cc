#include "app/open_link.h"

#include <chrono>
#include <string>
#include <utility>

#include <gsl/assert>

#include "app/log.h"
#include "app/open_card.h"
#include "app/open_tap.h"
#include "devices/link/datagram_link.h"
#include "devices/link/dumped_link.h"
#include "devices/link/impaired_link.h"
#include "devices/link/l2tpv3_link.h"
#include "devices/link/limited_news.h"
#include "devices/link/stream_link.h"
#include "devices/link/vde_link.h"
#include "nat/host/clock.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

StreamPeer::Tell teller(const std::string& name, const std::function<void()>& on_not_reached) {
  const auto tell = [name, on_not_reached](StreamPeer::News news, const std::string& what) {
    news == StreamPeer::News::kCame ? log::info(name + ": " + what)
                                    : log::warning(name + ": " + what);
    if (news == StreamPeer::News::kNotReached) on_not_reached();
  };
  return limited(tell, &monotonic_now);
}

std::unique_ptr<GuestLink> open(const StreamNetdev& stream, const StreamPeer::Tell& tell) {
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

std::unique_ptr<GuestLink> open(const VdeNetdev& vde, const StreamPeer::Tell& tell) {
  return std::make_unique<VdeLink>(
      VdeOptions{.place = vde.place, .port = vde.port, .group = vde.group, .mode = vde.mode},
      [tell](const std::string& what) { tell(StreamPeer::News::kLost, what); });
}

std::unique_ptr<GuestLink> open(const CardOptions& card, const NetworkInvocation& invocation,
                                const StreamPeer::Tell& tell) {
  const bool is_on_user_network = card.netdev == invocation.network.id;
  const std::uint16_t mtu = is_on_user_network ? invocation.network.network.mtu : 0;
  return open_card(card, mtu, tell);
}

std::unique_ptr<GuestLink> open_bare(const Netdev& netdev, const NetworkInvocation& invocation,
                                     const std::function<void()>& on_not_reached) {
  const StreamPeer::Tell tell =
      teller("netdev" + (netdev.id.empty() ? "" : " " + netdev.id), on_not_reached);
  if (const auto* const stream = std::get_if<StreamNetdev>(&netdev.kind)) {
    return open(*stream, tell);
  }
  if (const auto* const datagram = std::get_if<DatagramNetdev>(&netdev.kind)) {
    return open(*datagram);
  }
  if (const auto* const card = std::get_if<CardOptions>(&netdev.kind)) {
    return open(*card, invocation, tell);
  }
  if (const auto* const tunnel = std::get_if<L2tpv3Options>(&netdev.kind)) {
    return open_l2tpv3(*tunnel);
  }
  if (const auto* const vde = std::get_if<VdeNetdev>(&netdev.kind)) return open(*vde, tell);
  const auto* const tap = std::get_if<TapNetdev>(&netdev.kind);
  Expects(tap != nullptr);
  return open_tap_netdev(*tap);
}

CaptureOptions options_of(const FilterDump& dump) {
  return {.path = dump.file,
          .filter = {},
          .clock = {.start = monotonic_now(),
                    .at_start = std::chrono::system_clock::now().time_since_epoch()},
          .max_length = dump.max_length};
}

}  // namespace

std::unique_ptr<GuestLink> put_objects_on(std::unique_ptr<GuestLink> link, std::string_view id,
                                          const RunInvocation& invocation) {
  for (const LinkObject& object : invocation.objects) {
    if (id.empty() || object.netdev != id) continue;
    if (const auto* const dump = std::get_if<FilterDump>(&object.kind)) {
      link = std::make_unique<DumpedLink>(std::move(link), options_of(*dump), &monotonic_now,
                                          &log::warning);
    } else {
      link = std::make_unique<ImpairedLink>(std::move(link), std::get<Impairment>(object.kind),
                                            &monotonic_now);
    }
  }
  return link;
}

std::unique_ptr<GuestLink> open_link(const Netdev& netdev, const RunInvocation& invocation,
                                     const std::function<void()>& on_not_reached) {
  return put_objects_on(open_bare(netdev, invocation.common, on_not_reached), netdev.id,
                        invocation);
}

}  // namespace sluice
