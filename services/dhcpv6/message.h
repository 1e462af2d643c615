// DHCPv6 messages between a client and a server (RFC 8415, section 8).
//
// A Dhcpv6Message is a plain value: what the protocol itself turns on as fields, and what a client
// is told besides (name servers, where to boot from) as a list of code and value. Options nest: an
// association holds addresses and a status, an address holds options again. One cursor walks them
// at every level. An option that is cut short, or whose value has a size that its format rules out,
// spoils the message; options that nobody here has a use for are skipped.
//
// What a message may make a reader keep is bounded: kMaxAssociations, kMaxAddresses of each, one
// option per code. A message with more is none. Of an option that comes twice the first counts.
//
// Messages of relays (section 9) look different and are not read: there is no relay in the virtual
// network.

#ifndef SLUICE_SERVICES_DHCPV6_MESSAGE_H_
#define SLUICE_SERVICES_DHCPV6_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "services/dhcpv6/duid.h"
#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

inline constexpr std::uint16_t kDhcpv6ClientPort = 546;
inline constexpr std::uint16_t kDhcpv6ServerPort = 547;
// All_DHCP_Relay_Agents_and_Servers: where clients that know no server send (RFC 8415,
// section 7.1).
inline constexpr IpAddress kAllDhcpServers =
    IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2});

// Section 7.3.
enum class Dhcpv6Type : std::uint8_t {
  kSolicit = 1,
  kAdvertise = 2,
  kRequest = 3,
  kConfirm = 4,
  kRenew = 5,
  kRebind = 6,
  kReply = 7,
  kRelease = 8,
  kDecline = 9,
  kReconfigure = 10,
  kInformationRequest = 11,
};

// Codes of options (RFC 8415, section 21, where nothing else is said).
enum class Dhcpv6Code : std::uint16_t {
  kClientIdentifier = 1,
  kServerIdentifier = 2,
  kAddresses = 3,           // IA_NA
  kTemporaryAddresses = 4,  // IA_TA
  kAddress = 5,             // IAADDR, in the two above
  kOptionRequest = 6,
  kPreference = 7,
  kStatus = 13,
  kRapidCommit = 14,
  kVendorClass = 16,
  kNameServers = 23,   // RFC 3646
  kDomainSearch = 24,  // RFC 3646
  kPrefixes = 25,      // IA_PD
  kInformationRefreshTime = 32,
  kBootFileUrl = 59,  // RFC 5970
};

// Section 21.13.
enum class Dhcpv6StatusCode : std::uint16_t {
  kSuccess = 0,
  kUnspecified = 1,
  kNoAddresses = 2,  // NoAddrsAvail
  kNoBinding = 3,
  kNotOnLink = 4,
  kUseMulticast = 5,
  kNoPrefixes = 6,  // NoPrefixAvail
};

// An option as it lies in a message or in another option.
struct Dhcpv6OptionView {
  Dhcpv6Code code{};
  Bytes value;
};

// Walks the options of one level up to the first that reaches past the end.
class Dhcpv6OptionCursor {
 public:
  explicit Dhcpv6OptionCursor(Bytes options) : rest_(options) {}

  std::optional<Dhcpv6OptionView> next();
  // After the last option: nothing is left that is not an option.
  bool is_at_end() const { return rest_.empty(); }

 private:
  Bytes rest_;
};

struct Dhcpv6Status {
  Dhcpv6StatusCode code{};
  std::string text;  // UTF-8, for people

  friend bool operator==(const Dhcpv6Status&, const Dhcpv6Status&) = default;
};

struct Dhcpv6Address {
  IpAddress address;
  std::uint32_t preferred = 0;  // seconds; 0xffffffff has no end
  std::uint32_t valid = 0;      // seconds; 0: no longer to be used

  friend bool operator==(const Dhcpv6Address&, const Dhcpv6Address&) = default;
};

// A group of addresses that a client has a number for (section 4.2, "IA").
struct Dhcpv6Association {
  enum class Kind : std::uint16_t {
    kAddresses = static_cast<std::uint16_t>(Dhcpv6Code::kAddresses),
    kTemporary = static_cast<std::uint16_t>(Dhcpv6Code::kTemporaryAddresses),
    kPrefixes = static_cast<std::uint16_t>(Dhcpv6Code::kPrefixes),
  };

  Kind kind = Kind::kAddresses;
  std::uint32_t id = 0;                  // IAID, the client's choice; each kind counts by itself
  std::uint32_t renew = 0;               // T1 in seconds; not of kTemporary
  std::uint32_t rebind = 0;              // T2, likewise
  std::vector<Dhcpv6Address> addresses;  // none of kPrefixes, whose prefixes are not read
  std::optional<Dhcpv6Status> status;

  friend bool operator==(const Dhcpv6Association&, const Dhcpv6Association&) = default;
};

struct Dhcpv6Option {
  Dhcpv6Code code{};
  std::vector<std::uint8_t> value;

  friend bool operator==(const Dhcpv6Option&, const Dhcpv6Option&) = default;
};

struct Dhcpv6Message {
  Dhcpv6Type type{};
  std::uint32_t transaction = 0;  // 24 bits
  std::optional<Duid> client;
  std::optional<Duid> server;
  std::optional<Dhcpv6Status> status;
  bool rapid_commit = false;
  std::optional<std::uint8_t> preference;
  std::vector<Dhcpv6Association> associations;
  // What a client wants to be told, and in which order; nullopt if it does not say.
  std::optional<std::vector<Dhcpv6Code>> requested;
  // Each code once: those that is_kept() says.
  std::vector<Dhcpv6Option> options;

  static constexpr std::size_t kHeaderSize = 4;  // type and transaction
  static constexpr std::size_t kMaxAssociations = 4;
  static constexpr std::size_t kMaxAddresses = 4;  // of one association

  // nullopt for what is no message of a client or a server, or breaks the rules above.
  static std::optional<Dhcpv6Message> parse(Bytes bytes);

  struct Emitted {
    std::size_t size = 0;     // bytes
    std::size_t omitted = 0;  // options that found no room
  };
  // Writes the message at the start of `into`, which has room for kHeaderSize or more and is the
  // limit of what it may become. An option that finds no room is left out whole, and what is behind
  // it may still find some. They come in the order of the fields above.
  Emitted emit(MutableBytes into) const;

  // Codes that have no field of their own and are kept in `options`.
  static bool is_kept(Dhcpv6Code code);
  // The value of one of `options`; it lives as long as they do not change.
  std::optional<Bytes> find(Dhcpv6Code code) const;
  // Appends an option that is_kept() and is not there yet.
  void add(Dhcpv6Code code, Bytes value);

  friend bool operator==(const Dhcpv6Message&, const Dhcpv6Message&) = default;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCPV6_MESSAGE_H_
