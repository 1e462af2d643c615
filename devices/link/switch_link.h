// A learning switch: links that meet, and one more place, the uplink, which is whoever uses it as a
// link.
//
// A frame goes where its destination was heard (mac_table.h), and everywhere else if that is not
// known or it is for many; never back to where it came from. It is written to the other link from
// where it lies in the buffer of the one that it came by, so it is copied as often as that link
// copies. A hub, as some have it, is the same without the learning.
//
// What offloads a link does not take over for others is done by the link itself: each takes frames
// of 64 KiB with partial checksums, so what comes from a link that has them goes on as it is.

#ifndef SLUICE_DEVICES_LINK_SWITCH_LINK_H_
#define SLUICE_DEVICES_LINK_SWITCH_LINK_H_

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "devices/link/guest_link.h"
#include "devices/link/mac_table.h"
#include "devices/link/poll_set.h"

namespace sluice {

class SwitchLink final : public GuestLink {
 public:
  enum class Manner : std::uint8_t { kSwitch, kHub };
  // The number of the uplink, which is no link's.
  static constexpr std::uint32_t kUplink = 0;

  // What has passed a port, seen from whoever is behind it.
  struct Traffic {
    std::uint64_t frames_sent = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t frames_received = 0;
    std::uint64_t bytes_received = 0;
  };
  struct PortInfo {
    bool up = true;
    bool closed = false;
    Traffic traffic;
    std::uint64_t dropped = 0;  // by the link itself
  };

  // `clock` tells the time, for the age of what has been learned.
  SwitchLink(Manner manner, const Seed& seed, std::function<Time()> clock);
  SwitchLink(const SwitchLink&) = delete;
  SwitchLink& operator=(const SwitchLink&) = delete;

  // Adds a link; returns its number, which no other has had before. Throws std::system_error if it
  // can't be waited for.
  std::uint32_t add(std::unique_ptr<GuestLink> link);
  // Gives up a link, and returns it; null if no port has the number. Not while a frame that it
  // brought is in use.
  std::unique_ptr<GuestLink> remove(std::uint32_t number);
  // Nothing passes a port that is down, as if its cable was pulled out; its link is told.
  void set_up(std::uint32_t number, bool up);
  // nullopt if no port has the number.
  std::optional<PortInfo> port(std::uint32_t number) const;

  int descriptor() const override { return polls_.descriptor(); }
  // Hands on what has come, and returns what is for the uplink.
  gsl::span<const Frame> receive() override;
  bool more() const override { return more_; }
  // The uplink has nobody any more: all links are closed.
  bool closed() const override;
  const Counters& counters() const override;

  // What all links take over.
  LinkCapabilities capabilities() const override { return capabilities_; }
  MutableBytes reserve(std::size_t size) override;
  void commit(std::size_t size, gsl::span<const Bytes> payload, const Offload& offload) override;
  bool has_room(const MacAddress& to) const override;
  void flush() override;

 private:
  static constexpr LinkCapabilities kAll{true, true, true, true};
  struct Port {
    std::uint32_t number = 0;
    std::unique_ptr<GuestLink> link;
    bool ready = true;  // it may have frames
    bool up = true;
    Traffic traffic{};
  };

  Port* find(std::uint32_t number);
  const Port* find(std::uint32_t number) const;
  void give_to_uplink(const Frame& frame);
  void look_at_capabilities();
  // Takes one batch of a link.
  void receive_from(Port& port);
  // Where a frame goes that came by `from`: to one, or to all but that one.
  std::optional<MacTable::Port> target(const MacAddress& destination) const;
  void send(Port& to, Bytes head, gsl::span<const Bytes> payload, const Offload& offload);

  const Manner manner_;
  const std::function<Time()> clock_;
  PollSet polls_;
  MacTable table_;
  Time now_{};
  std::vector<Port> ports_;
  // Asked for every frame; links change theirs between batches.
  LinkCapabilities capabilities_{kAll};
  std::uint32_t last_number_ = kUplink;
  bool uplink_up_ = true;
  Traffic uplink_traffic_{};
  std::vector<Frame> for_uplink_;
  std::unique_ptr<std::uint8_t[]> output_;
  std::size_t reserved_ = 0;
  bool more_ = false;
  Counters own_;               // what was dropped here, and by links that are gone
  mutable Counters counters_;  // of all
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_LINK_SWITCH_LINK_H_
