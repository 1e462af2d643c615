// Which frames a virtio network device hands to its driver (virtio 1.2, sections 5.1.6.5.1 to
// 5.1.6.5.3).
//
// It begins promiscuous and stays so until the driver says otherwise, so one that commands nothing
// gets everything. From then on a destination passes that is the station's own, in one of two
// tables, or a broadcast address; everything of a kind if the driver wants all of it, and nothing
// if it wants none. A tagged frame passes only if its VLAN does, too.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_NET_FILTER_H_
#define SLUICE_DEVICES_NIC_VIRTIO_NET_FILTER_H_

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/scattered_bytes.h"

namespace sluice {

class VirtioNetFilter {
 public:
  // By the numbers of their commands. To have none of a kind is stronger than to have all of it,
  // and to be promiscuous is stronger than anything.
  enum class Mode : std::uint8_t {
    kPromiscuous,
    kAllMulticast,
    kAllUnicast,
    kNoMulticast,
    kNoUnicast,
    kNoBroadcast,
  };
  static constexpr unsigned kModes = 6;

  // Addresses of one kind. A driver that has more of them than there is room for gets all of that
  // kind, and chooses itself.
  class Table {
   public:
    static constexpr std::size_t kMost = 64;

    void add(const MacAddress& address);
    void add_all() { all_ = true; }
    bool has(const MacAddress& address) const;

   private:
    std::array<MacAddress, kMost> addresses_;
    std::size_t count_ = 0;
    bool all_ = false;
  };

  static constexpr std::uint16_t kVlans = 4096;

  // Without a station's own address, all such frames may be for it.
  explicit VirtioNetFilter(const std::optional<MacAddress>& station) : station_(station) {}

  void set_mode(Mode mode, bool on) { modes_.set(static_cast<std::size_t>(mode), on); }
  const std::optional<MacAddress>& station() const { return station_; }
  void set_station(const MacAddress& address) { station_ = address; }
  void set_tables(const Table& unicast, const Table& multicast);
  // Whether VLANs are told apart at all.
  void set_knows_vlans(bool on) { knows_vlans_ = on; }
  // `vlan` is less than kVlans.
  void set_vlan(std::uint16_t vlan, bool on) { vlans_.set(vlan, on); }

  // A frame as Link::commit() gets it.
  bool passes(Bytes head, gsl::span<const Bytes> payload) const {
    return is(Mode::kPromiscuous) || matches(ScatteredBytes(head, payload));
  }

 private:
  bool is(Mode mode) const { return modes_[static_cast<std::size_t>(mode)]; }
  bool matches(const ScatteredBytes& frame) const;
  bool matches_address(const MacAddress& destination) const;
  bool matches_vlan(Bytes frame) const;  // which begins as this

  std::bitset<kModes> modes_{1};  // promiscuous
  std::optional<MacAddress> station_;
  Table unicast_;
  Table multicast_;
  bool knows_vlans_ = false;
  std::bitset<kVlans> vlans_;  // whose frames pass
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_NET_FILTER_H_
