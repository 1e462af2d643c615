// DHCP and BOOTP messages (RFC 2131, section 2; RFC 951).
//
// A DhcpMessage is a plain value: the fixed fields, and the options as a list of code and value.
// How options lie on the wire is this file's matter alone. parse() reads them from the options
// field and, where option 52 says so, from the fields `file` and `sname` behind it, and joins what
// was split (RFC 3396). emit() places each option whole in the first field that has room for it,
// and lends `file` and `sname` to them only when it must and they hold nothing.
//
// A BOOTP message is one without option 53. It may lack options altogether.

#ifndef SLUICE_SERVICES_DHCP_MESSAGE_H_
#define SLUICE_SERVICES_DHCP_MESSAGE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

inline constexpr std::uint16_t kDhcpServerPort = 67;
inline constexpr std::uint16_t kDhcpClientPort = 68;

// Option 53 (RFC 2132, section 9.6).
enum class DhcpType : std::uint8_t {
  kDiscover = 1,
  kOffer = 2,
  kRequest = 3,
  kDecline = 4,
  kAck = 5,
  kNak = 6,
  kRelease = 7,
  kInform = 8,
};

// Codes of options (RFC 2132 where nothing else is said).
enum class DhcpCode : std::uint8_t {
  kPad = 0,
  kSubnetMask = 1,
  kRouters = 3,
  kNameServers = 6,
  kHostName = 12,
  kDomainName = 15,
  kInterfaceMtu = 26,
  kRequestedAddress = 50,
  kLeaseTime = 51,
  kOverload = 52,
  kMessageType = 53,
  kServerIdentifier = 54,
  kParameterRequestList = 55,
  kMessage = 56,
  kMaximumMessageSize = 57,
  kRenewalTime = 58,
  kRebindingTime = 59,
  kVendorClass = 60,
  kClientIdentifier = 61,
  kTftpServerName = 66,
  kBootFile = 67,
  kDomainSearch = 119,     // RFC 3397
  kClasslessRoutes = 121,  // RFC 3442
  kEnd = 255,
};

// An option as it lies in a field.
struct DhcpOptionView {
  DhcpCode code{};
  Bytes value;
};

// Walks the options of one field, over padding, up to the end option or the end of the field. An
// option that reaches past the field ends the walk; what came before it counts.
class DhcpOptionCursor {
 public:
  explicit DhcpOptionCursor(Bytes field) : rest_(field) {}

  std::optional<DhcpOptionView> next();

 private:
  Bytes rest_;
};

struct DhcpOption {
  DhcpCode code{};
  std::vector<std::uint8_t> value;

  friend bool operator==(const DhcpOption&, const DhcpOption&) = default;
};

struct DhcpMessage {
  enum class Operation : std::uint8_t { kRequest = 1, kReply = 2 };

  Operation operation = Operation::kRequest;
  std::uint8_t hardware_type = kEthernet;
  std::uint8_t hardware_size = MacAddress::kSize;  // bytes of `hardware`, at most 16
  std::uint8_t hops = 0;
  std::uint32_t transaction = 0;
  std::uint16_t seconds = 0;
  bool broadcast = false;     // the client can't receive unicast yet
  std::uint32_t client = 0;   // ciaddr, host byte order like those below
  std::uint32_t yours = 0;    // yiaddr
  std::uint32_t server = 0;   // siaddr: where to boot from
  std::uint32_t gateway = 0;  // giaddr: a relay's address
  std::array<std::uint8_t, 16> hardware{};
  std::string server_name;  // sname without its zero, at most kMaxServerName bytes, none of them 0
  std::string boot_file;    // file, likewise, at most kMaxBootFile bytes
  // Each code once, neither kPad, kEnd nor kOverload.
  std::vector<DhcpOption> options;

  static constexpr std::uint8_t kEthernet = 1;
  static constexpr std::size_t kFixedSize = 236;     // bytes in front of the magic cookie
  static constexpr std::size_t kMinimumSize = 300;   // RFC 951, section 3; RFC 1542, section 2.1
  static constexpr std::size_t kMaxServerName = 63;  // the fields end in a zero
  static constexpr std::size_t kMaxBootFile = 127;

  // nullopt if the fixed fields are cut short or name an unknown operation or a hardware address
  // longer than 16 bytes. Without the magic cookie there are no options.
  static std::optional<DhcpMessage> parse(Bytes bytes);

  struct Emitted {
    std::size_t size = 0;     // bytes, at least kMinimumSize
    std::size_t omitted = 0;  // options that found no room: those last in the list
  };
  // Writes the message at the start of `into`, which has room for kMinimumSize or more and is the
  // limit of what it may become.
  Emitted emit(MutableBytes into) const;

  // The value of an option; it lives as long as `options` does not change.
  std::optional<Bytes> find(DhcpCode code) const;
  // As find(), if the value has exactly the size of what it is to be.
  std::optional<std::uint8_t> find_8(DhcpCode code) const;
  std::optional<std::uint16_t> find_16(DhcpCode code) const;
  std::optional<std::uint32_t> find_32(DhcpCode code) const;
  // nullopt for BOOTP, and for a type that nobody knows.
  std::optional<DhcpType> type() const;

  // Appends an option. The code must not be there yet.
  void add(DhcpCode code, Bytes value);
  void add_8(DhcpCode code, std::uint8_t value);
  void add_16(DhcpCode code, std::uint16_t value);
  void add_32(DhcpCode code, std::uint32_t value);

  friend bool operator==(const DhcpMessage&, const DhcpMessage&) = default;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DHCP_MESSAGE_H_
