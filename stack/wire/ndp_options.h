// The options of neighbour discovery (RFC 4861, section 4.6; RFC 8106), which lie behind the fixed
// part of each of its messages.
//
// A cursor finds them, whatever their types. Those with more than one field are values of their
// own with parse() and emit(). parse() is given the option as it lies there, type and length
// included, and gives nullopt if it has not the shape that the RFC gives it; such an option is
// passed over as one of an unknown type is, for a later RFC may have given it another.
//
// An address of ::ffff:0:0/96 is no shape of an IPv6 address here: an IpAddress would hold it as
// one of IPv4.

#ifndef SLUICE_STACK_WIRE_NDP_OPTIONS_H_
#define SLUICE_STACK_WIRE_NDP_OPTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

enum class NdpOptionType : std::uint8_t {
  kSourceLinkAddress = 1,
  kTargetLinkAddress = 2,
  kPrefixInformation = 3,
  kRedirectedHeader = 4,
  kMtu = 5,
  kDnsServers = 25,
  kDnsSearchList = 31,
};

struct NdpOptionView {
  NdpOptionType type{};
  Bytes bytes;  // type and length included: a multiple of 8, at least 8
};

// Walks the options behind the fixed part of a message.
class NdpOptionCursor {
 public:
  explicit NdpOptionCursor(Bytes options) : rest_(options) {}

  // nullopt at the end, and at an option whose length is 0 or reaches past the message.
  std::optional<NdpOptionView> next();
  // Whether all options so far were in order. If not, the message they come in is to be discarded
  // (RFC 4861, sections 4.6 and 6.1).
  bool is_sound() const { return sound_; }

 private:
  Bytes rest_;
  bool sound_ = true;
};

// Lifetimes are seconds; this one never ends.
inline constexpr std::uint32_t kNdpInfinity = 0xffffffff;

// An option with the address of an Ethernet interface, of either type.
struct NdpLinkAddress {
  static constexpr std::size_t kSize = 8;

  static std::optional<MacAddress> parse(Bytes option);
  // Writes kSize bytes at the start of `into`.
  static void emit(NdpOptionType type, const MacAddress& address, MutableBytes into);
};

// The largest packet that all nodes of the link can receive.
struct NdpMtu {
  static constexpr std::size_t kSize = 8;

  static std::optional<std::uint32_t> parse(Bytes option);
  // Writes kSize bytes at the start of `into`.
  static void emit(std::uint32_t mtu, MutableBytes into);
};

struct PrefixInformation {
  Subnet prefix;            // of IPv6
  bool on_link = false;     // its addresses are reached without a router
  bool autonomous = false;  // hosts may make addresses of it (RFC 4862)
  std::uint32_t valid_lifetime = 0;
  std::uint32_t preferred_lifetime = 0;

  static constexpr std::size_t kSize = 32;

  static std::optional<PrefixInformation> parse(Bytes option);
  // Writes kSize bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const PrefixInformation&, const PrefixInformation&) = default;
};

// Recursive DNS servers (RFC 8106, section 5.1).
struct DnsServersOption {
  std::uint32_t lifetime = 0;
  std::vector<IpAddress> servers;  // at least one, at most kMaxServers, of IPv6

  static constexpr std::size_t kMaxServers = 127;  // what the length can say

  static std::optional<DnsServersOption> parse(Bytes option);
  std::size_t size() const;  // bytes
  // Writes size() bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const DnsServersOption&, const DnsServersOption&) = default;
};

// The search list of a resolver (RFC 8106, section 5.2).
struct DnsSearchListOption {
  std::uint32_t lifetime = 0;
  // "sluice.internal"; at least one. Labels are made of visible ASCII characters: what else they
  // may hold by RFC 1035 is no good in a file of settings, where these names end up. emit() takes
  // a dot at the end too; parse() gives none.
  std::vector<std::string> names;

  static constexpr std::size_t kMaxSize = 2040;  // what the length can say

  // The names can be emitted: each is a domain name, and there is room for all of them. Names that
  // a user gave are to be checked with it once.
  bool is_valid() const;

  static std::optional<DnsSearchListOption> parse(Bytes option);
  std::size_t size() const;  // bytes
  // Writes size() bytes at the start of `into`. Only if is_valid().
  void emit(MutableBytes into) const;

  friend bool operator==(const DnsSearchListOption&, const DnsSearchListOption&) = default;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_NDP_OPTIONS_H_
