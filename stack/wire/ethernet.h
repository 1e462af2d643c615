// Ethernet II frames (IEEE 802.3, clause 3). 802.1Q tags are not spoken here: a tagged frame has an
// EtherType that nobody handles.

#ifndef SLUICE_STACK_WIRE_ETHERNET_H_
#define SLUICE_STACK_WIRE_ETHERNET_H_

#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

enum class EtherType : std::uint16_t { kIpv4 = 0x0800, kArp = 0x0806, kIpv6 = 0x86dd };

struct EthernetHeader {
  MacAddress destination;
  MacAddress source;
  EtherType type{};

  static constexpr std::size_t kSize = 14;
  // The shortest frame on a wire (clause 3.2.8), less the frame check sequence. Shorter ones are
  // filled up with zeros there.
  static constexpr std::size_t kMinFrame = 60;

  // Writes kSize bytes at the start of `into`.
  void emit(MutableBytes into) const;
};

// A frame whose header is there.
class EthernetView {
 public:
  static std::optional<EthernetView> parse(Bytes frame);

  EthernetHeader header() const;
  Bytes payload() const { return frame_.subspan(EthernetHeader::kSize); }

 private:
  explicit EthernetView(Bytes frame) : frame_(frame) {}
  Bytes frame_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_ETHERNET_H_
