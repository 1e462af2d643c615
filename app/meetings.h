// Where the links of `sluice run` meet: on one switch, or on the hub that a hub port names.
//
// A place is a SwitchLink. Where the user network is, it is the guest's link of its world; anywhere
// else it has its turns here. The user network stays where it was when everything began; links come
// and go while the loop runs, where that is asked for (`controlled`), and move when a hub port of
// theirs does; a hub that nobody is at is gone. Otherwise nobody can come any more when all have
// gone.

#ifndef SLUICE_APP_MEETINGS_H_
#define SLUICE_APP_MEETINGS_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/cli/invocation.h"
#include "app/control/controlled.h"
#include "app/loop.h"
#include "app/world.h"
#include "devices/link/switch_link.h"

namespace sluice {

class Meetings final : public Controlled {
 public:
  // Opens everything that the invocation names. It and the loop outlive this. Throws as World and
  // open_link().
  Meetings(const RunInvocation& invocation, Loop& loop);
  Meetings(const Meetings&) = delete;
  Meetings& operator=(const Meetings&) = delete;
  ~Meetings() override;

  // Null if there is no user network.
  World* world() { return world_.get(); }
  // False if somebody could not be connected with who was there to be from the beginning, and
  // nobody who controls this has been told.
  bool all_reached() const { return all_reached_; }

  // From a callback of a watch, or from a turn of the loop's that is not this one's own.
  std::vector<NetdevInfo> netdevs() const override;
  void add_netdev(const Netdev& netdev) override;
  void remove_netdev(std::string_view id) override;
  void set_link(std::string_view id, bool up) override;
  std::optional<std::string> user_network_id() const override;
  NetworkReport report() const override;
  std::uint16_t add_host_forward(const HostForward& forward) override;
  void remove_host_forward(const ListenAddress& listen) override;
  void quit() override { loop_.stop(); }

  static constexpr std::size_t kMaxNetdevs = 1024;
  static constexpr std::size_t kMaxHubs = 64;

 private:
  // The number of a hub; none is the switch.
  using PlaceName = std::optional<std::uint32_t>;
  struct Place {
    SwitchLink* links = nullptr;        // null where a guest's only link is the world's own
    std::unique_ptr<GuestLink> turned;  // the same, where no world has it
    std::unique_ptr<Loop::Watch> watch;
    bool ready = true;
    bool over = false;  // nobody can come any more
  };
  // A netdev, or the user network.
  struct Member {
    Netdev netdev;
    std::string id;
    PlaceName place;
    std::uint32_t port = SwitchLink::kUplink;  // of a link

    bool is_user() const { return std::holds_alternative<UserNetworkOptions>(netdev.kind); }
    const HubPort* hub_port() const { return std::get_if<HubPort>(&netdev.kind); }
    const CardOptions* card() const { return std::get_if<CardOptions>(&netdev.kind); }
    bool is_link() const { return !is_user() && hub_port() == nullptr; }
  };

  void add_member(const Netdev& netdev);
  void open_all();
  // By the hub port that names it; of a card also by the one that it names, or to where the netdev
  // is that it names.
  PlaceName place_of(const Member& member) const;
  // The place, made if need be.
  Place& place(PlaceName name);
  std::unique_ptr<GuestLink> open(const Member& member);
  void join(Member& member, std::unique_ptr<GuestLink> link);
  // Moves links to where they belong since a hub port has come or gone.
  void move_links();
  // Gives up the hubs where nobody is any more.
  void forget_empty_hubs();
  Member& find(std::string_view id);
  void check_hub_port(const HubPort& port);
  World& user_network() const;
  std::string fresh_id();
  // A link has come there.
  void look_at(PlaceName name);
  Loop::Rest take_turns();
  void on_over(Place& place);

  const RunInvocation& invocation_;
  Loop& loop_;
  const bool controlled_;
  bool all_reached_ = true;
  std::map<PlaceName, Place> places_;
  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<World> world_;
  PlaceName world_place_;
  unsigned last_id_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_APP_MEETINGS_H_
