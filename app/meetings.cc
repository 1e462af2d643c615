#include "app/meetings.h"

#include <algorithm>
#include <utility>

#include "app/open_link.h"
#include "app/options/key_values.h"
#include "nat/host/clock.h"
#include "nat/host/seed.h"

namespace sluice {
namespace {

// The word in front of what was asked for: the type of a netdev, the model of a card.
std::string first_word(const std::string& text) {
  const std::vector<KeyValue> items = parse_key_values(text, "type");
  return items.empty() ? std::string() : items.front().value;
}

}  // namespace

Meetings::Meetings(const RunInvocation& invocation, Loop& loop)
    : invocation_(invocation), loop_(loop), controlled_(!invocation.control.empty()) {
  for (const Netdev& netdev : invocation_.netdevs) add_member(netdev);
  if (invocation_.has_user_network) {
    add_member({.id = invocation_.common.network.id,
                .kind = invocation_.common.network,
                .text = invocation_.user_network_text});
    world_place_ = place_of(*members_.back());
  }
  open_all();
  loop_.on_turn([this](gsl::span<const epoll_event> /*fetched*/) { return take_turns(); });
}

Meetings::~Meetings() = default;

void Meetings::add_member(const Netdev& netdev) {
  auto member = std::make_unique<Member>(Member{.netdev = netdev, .id = netdev.id});
  if (member->id.empty()) member->id = fresh_id();
  members_.push_back(std::move(member));
}

void Meetings::open_all() {
  std::vector<Member*> by_user;  // the links that meet the user network
  for (const auto& member : members_) {
    if (!member->is_link()) continue;
    const bool meets_user = invocation_.has_user_network && place_of(*member) == world_place_;
    if (meets_user) by_user.push_back(member.get());
    if (!meets_user) join(*member, open(*member));
  }
  if (!invocation_.has_user_network || (by_user.empty() && !controlled_)) return;
  std::unique_ptr<GuestLink> guest;
  if (by_user.size() == 1 && !controlled_) {
    guest = open(*by_user.front());
    places_.try_emplace(world_place_);
  } else {
    Place& meeting = place(world_place_);
    for (Member* const member : by_user) join(*member, open(*member));
    meeting.watch.reset();
    guest = std::move(meeting.turned);
  }
  guest = put_objects_on(std::move(guest), invocation_.common.network.id, invocation_);
  world_ = std::make_unique<World>(invocation_.common, std::move(guest), loop_);
  world_->on_closed([this] { on_over(places_.at(world_place_)); });
}

Meetings::PlaceName Meetings::place_of(const Member& member) const {
  const auto port_of = [this](std::string_view netdev) -> const HubPort* {
    for (const auto& other : members_) {
      const HubPort* const port = other->hub_port();
      if (port != nullptr && port->netdev == netdev) return port;
    }
    return nullptr;
  };
  if (const HubPort* const port = port_of(member.id)) return port->hub;
  const CardOptions* const card = member.card();
  if (card == nullptr) return std::nullopt;
  for (const auto& other : members_) {
    if (other->id != card->netdev) continue;
    if (other->hub_port() != nullptr) return other->hub_port()->hub;
    if (other->is_user()) return world_place_;
  }
  const HubPort* const port = port_of(card->netdev);
  return port == nullptr ? std::nullopt : PlaceName(port->hub);
}

Meetings::Place& Meetings::place(PlaceName name) {
  const auto [found, is_new] = places_.try_emplace(name);
  Place& place = found->second;
  if (!is_new) return place;
  const auto manner = name ? SwitchLink::Manner::kHub : SwitchLink::Manner::kSwitch;
  auto links = std::make_unique<SwitchLink>(manner, random_seed(), &monotonic_now);
  place.links = links.get();
  place.turned = std::move(links);
  place.watch = loop_.watch(place.links->descriptor(), [&place] { place.ready = true; });
  return place;
}

std::unique_ptr<GuestLink> Meetings::open(const Member& member) {
  return open_link(member.netdev, invocation_, [this] { all_reached_ = controlled_; });
}

void Meetings::join(Member& member, std::unique_ptr<GuestLink> link) {
  member.place = place_of(member);
  member.port = place(member.place).links->add(std::move(link));
}

void Meetings::look_at(PlaceName name) {
  places_.at(name).ready = true;
  if (world_ && name == world_place_) world_->look_at_link();
}

Meetings::Member& Meetings::find(std::string_view id) {
  const auto found =
      std::ranges::find_if(members_, [id](const auto& member) { return member->id == id; });
  if (found == members_.end()) throw Refused("there is no netdev " + in_quotes(id));
  return **found;
}

std::string Meetings::fresh_id() {
  for (;;) {
    std::string id = "#net" + std::to_string(last_id_++);
    if (std::ranges::none_of(members_, [&](const auto& member) { return member->id == id; })) {
      return id;
    }
  }
}

std::vector<NetdevInfo> Meetings::netdevs() const {
  std::vector<NetdevInfo> netdevs;
  for (const auto& member : members_) {
    NetdevInfo info{.id = member->id,
                    .type = first_word(member->netdev.text),
                    .text = member->netdev.text,
                    .hub = member->is_user() ? world_place_ : member->place,
                    .port = std::nullopt};
    if (const HubPort* const port = member->hub_port()) {
      info.hub = port->hub;
    } else if (const SwitchLink* const links = places_.at(info.hub).links) {
      info.port = links->port(member->port);
    }
    netdevs.push_back(std::move(info));
  }
  return netdevs;
}

void Meetings::check_hub_port(const HubPort& port) {
  if (!port.netdev.empty()) {
    const Member& member = find(port.netdev);
    if (member.is_user()) throw Refused("the user network stays where it was from the beginning");
    if (!member.is_link()) throw Refused(in_quotes(port.netdev) + " is a hub port itself");
    const auto joins_too = [&](const auto& other) {
      const HubPort* const theirs = other->hub_port();
      return theirs != nullptr &&
             (theirs->netdev == port.netdev ||
              (member.card() != nullptr && member.card()->netdev == other->id));
    };
    if (std::ranges::any_of(members_, joins_too)) {
      throw Refused(in_quotes(port.netdev) + " is at a hub already; remove that port before");
    }
  }
  if (!places_.contains(port.hub) && places_.size() > kMaxHubs) {
    throw Refused("there are " + std::to_string(kMaxHubs) + " hubs already, and no more at a time");
  }
}

void Meetings::add_netdev(const Netdev& netdev) {
  if (netdev.id.empty()) throw Refused("the netdev has no id");
  const bool is_taken =
      std::ranges::any_of(members_, [&](const auto& member) { return member->id == netdev.id; });
  if (is_taken) throw Refused("there is a netdev " + in_quotes(netdev.id) + " already");
  if (std::holds_alternative<UserNetworkOptions>(netdev.kind)) {
    throw Refused(
        "a user network can't be added later; start 'sluice run' with --netdev user for it");
  }
  if (members_.size() >= kMaxNetdevs) {
    throw Refused("there are " + std::to_string(kMaxNetdevs) +
                  " netdevs already, and no more at a time");
  }
  if (const auto* const port = std::get_if<HubPort>(&netdev.kind)) {
    check_hub_port(*port);
    add_member(netdev);
    move_links();
    forget_empty_hubs();
    return;
  }
  auto member = std::make_unique<Member>(Member{.netdev = netdev, .id = netdev.id});
  join(*member, open(*member));
  look_at(member->place);
  members_.push_back(std::move(member));
}

void Meetings::move_links() {
  for (const auto& member : members_) {
    const PlaceName before = member->place;
    if (!member->is_link() || place_of(*member) == before) continue;
    SwitchLink& links = *places_.at(before).links;
    const bool up = links.port(member->port)->up;
    join(*member, links.remove(member->port));
    places_.at(member->place).links->set_up(member->port, up);
    look_at(member->place);
  }
}

void Meetings::remove_netdev(std::string_view id) {
  const Member& member = find(id);
  if (member.is_user()) {
    throw Refused("the user network can't be removed; its link can go down, by set_link");
  }
  if (const auto* const tap = std::get_if<TapNetdev>(&member.netdev.kind)) {
    if (!tap->down_script.empty()) {
      throw Refused(in_quotes(id) +
                    " has a downscript, which everybody would wait for; it goes with the network");
    }
  }
  const auto erase = [&] {
    std::erase_if(members_, [&](const auto& other) { return other.get() == &member; });
  };
  if (member.hub_port() != nullptr) {
    // On the switch it would meet whom it was to be kept from.
    for (const auto& other : members_) {
      if (other->card() == nullptr || other->card()->netdev != id) continue;
      throw Refused(in_quotes(other->id) + " is plugged into it; remove that before");
    }
    erase();
    move_links();
  } else {
    places_.at(member.place).links->remove(member.port);
    erase();
  }
  forget_empty_hubs();
}

void Meetings::forget_empty_hubs() {
  std::erase_if(places_, [this](const auto& entry) {
    const PlaceName& name = entry.first;
    if (!name || name == world_place_) return false;
    return std::ranges::none_of(members_, [&name](const auto& member) {
      return member->is_link() && member->place == name;
    });
  });
}

void Meetings::set_link(std::string_view id, bool up) {
  const Member& member = find(id);
  if (member.hub_port() != nullptr) {
    const std::string& netdev = member.hub_port()->netdev;
    throw Refused(in_quotes(id) + " is a hub port; expected the link that joins it" +
                  (netdev.empty() ? "" : ", " + in_quotes(netdev)));
  }
  places_.at(member.is_user() ? world_place_ : member.place).links->set_up(member.port, up);
}

std::optional<std::string> Meetings::user_network_id() const {
  for (const auto& member : members_) {
    if (member->is_user()) return member->id;
  }
  return std::nullopt;
}

World& Meetings::user_network() const {
  if (!world_) throw Refused("there is no user network; start 'sluice run' with --netdev user");
  return *world_;
}

NetworkReport Meetings::report() const {
  return user_network().report();
}

std::uint16_t Meetings::add_host_forward(const HostForward& forward) {
  World& world = user_network();
  check_host_forward(invocation_.common.network.network, forward);
  return world.add_host_forward(forward);
}

void Meetings::remove_host_forward(const ListenAddress& listen) {
  if (!user_network().remove_host_forward(listen)) {
    throw Refused("there is no such forward; query-usernet lists those that there are");
  }
}

Loop::Rest Meetings::take_turns() {
  constexpr int kTurns = 32;
  Loop::Rest rest;
  for (auto& [name, place] : places_) {
    if (!place.turned) continue;
    for (int i = 0; i < kTurns && place.ready; ++i) {
      for (const Frame& frame : place.turned->receive()) rest.moved += frame.size();
      place.ready = place.turned->more();
    }
    if (place.ready) rest.until = Time{};
    if (place.turned->closed()) on_over(place);
  }
  return rest;
}

void Meetings::on_over(Place& place) {
  if (controlled_ || std::exchange(place.over, true)) return;
  if (std::ranges::all_of(places_, [](const auto& entry) { return entry.second.over; })) {
    loop_.stop();
  }
}

}  // namespace sluice
