#include "app/run.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/delivery.h"
#include "app/end_on_signal.h"
#include "app/log.h"
#include "app/loop.h"
#include "app/open_link.h"
#include "app/ready_descriptor.h"
#include "app/signals.h"
#include "app/world.h"
#include "devices/link/switch_link.h"
#include "nat/host/clock.h"
#include "nat/host/seed.h"

namespace sluice {
namespace {

// The links that meet in one place, and whether the user network is among them.
struct Segment {
  SwitchLink::Manner manner = SwitchLink::Manner::kSwitch;
  std::vector<const Netdev*> netdevs;
  bool has_user_network = false;
};

// The link whose hub port is this one's too: a card is where the netdev is that it is plugged into.
const std::string& joins_as(const Netdev& netdev) {
  const auto* const card = std::get_if<CardOptions>(&netdev.kind);
  return card == nullptr ? netdev.id : card->netdev;
}

// The switch first, then the hubs.
std::vector<Segment> segments_of(const RunInvocation& invocation) {
  std::map<std::string, std::uint32_t> hub_of;
  for (const Netdev& netdev : invocation.netdevs) {
    const auto* const port = std::get_if<HubPort>(&netdev.kind);
    if (port != nullptr) hub_of.emplace(port->netdev, port->hub);
  }
  Segment meeting;
  std::map<std::uint32_t, Segment> hubs;
  const auto segment_of = [&](const std::string& id) -> Segment& {
    const auto found = hub_of.find(id);
    if (id.empty() || found == hub_of.end()) return meeting;
    Segment& hub = hubs[found->second];
    hub.manner = SwitchLink::Manner::kHub;
    return hub;
  };
  for (const Netdev& netdev : invocation.netdevs) {
    if (!std::holds_alternative<HubPort>(netdev.kind)) {
      segment_of(joins_as(netdev)).netdevs.push_back(&netdev);
    }
  }
  if (invocation.has_user_network) segment_of(invocation.common.network.id).has_user_network = true;
  std::vector<Segment> segments{std::move(meeting)};
  for (auto& [number, hub] : hubs) segments.push_back(std::move(hub));
  return segments;
}

// What is behind the user network, or the meeting itself.
std::unique_ptr<GuestLink> open_segment(const Segment& segment, const RunInvocation& invocation,
                                        const std::function<void()>& on_not_reached) {
  if (segment.has_user_network && segment.netdevs.size() == 1) {
    return open_link(*segment.netdevs.front(), invocation, on_not_reached);
  }
  auto meeting = std::make_unique<SwitchLink>(segment.manner, random_seed(), &monotonic_now);
  for (const Netdev* const netdev : segment.netdevs) {
    meeting->add(open_link(*netdev, invocation, on_not_reached));
  }
  return meeting;
}

// Links that meet without a way out.
class Meeting {
 public:
  // `on_closed` is called once when nobody can be connected any more.
  Meeting(std::unique_ptr<GuestLink> links, Loop& loop, std::function<void()> on_closed)
      : links_(std::move(links)), on_closed_(std::move(on_closed)) {
    watch_ = loop.watch(links_->descriptor(), [this] { ready_ = true; });
    loop.on_turn([this](gsl::span<const epoll_event> /*fetched*/) { return take_turns(); });
  }
  Meeting(const Meeting&) = delete;
  Meeting& operator=(const Meeting&) = delete;

 private:
  Loop::Rest take_turns() {
    constexpr int kTurns = 32;
    std::uint64_t moved = 0;
    for (int i = 0; i < kTurns && ready_; ++i) {
      for (const Frame& frame : links_->receive()) moved += frame.bytes.size();
      ready_ = links_->more();
    }
    if (links_->closed() && on_closed_) std::exchange(on_closed_, nullptr)();
    return {.until = ready_ ? std::optional(Time{}) : std::nullopt, .moved = moved};
  }

  std::unique_ptr<GuestLink> links_;
  std::function<void()> on_closed_;
  std::unique_ptr<Loop::Watch> watch_;
  bool ready_ = true;
};

}  // namespace

int run_network(const RunInvocation& invocation) {
  log::set_level(invocation.common.log_level);
  ReadyDescriptor ready(invocation.ready_descriptor);
  const Signals signals;
  Loop loop(invocation.common.busy_poll);
  ignore_failed_writes();
  std::unique_ptr<World> world;
  std::vector<std::unique_ptr<Meeting>> meetings;
  std::size_t open = 0;
  bool all_reached = true;
  const auto on_closed = [&] {
    if (--open == 0) loop.stop();
  };
  for (const Segment& segment : segments_of(invocation)) {
    if (segment.netdevs.empty()) continue;
    ++open;
    auto links = open_segment(segment, invocation, [&] { all_reached = false; });
    if (segment.has_user_network) {
      world = std::make_unique<World>(invocation.common, std::move(links), loop);
    } else {
      meetings.push_back(std::make_unique<Meeting>(std::move(links), loop, on_closed));
    }
  }
  if (world) world->on_closed(on_closed);

  const EndOnSignal end(signals, loop);
  announce(ready, "ready", invocation.common.capture_file == "-");
  loop.run();
  if (world) deliver_the_rest(loop, *world, end.asked());
  return all_reached || end.asked() ? 0 : 1;
}

}  // namespace sluice
