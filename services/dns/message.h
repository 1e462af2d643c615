// DNS messages (RFC 1035, section 4), as far as a proxy reads and writes them.
//
// A proxy passes messages on; it does not own what they say. It reads the header, the one question,
// and the EDNS OPT record (RFC 6891), and skips everything else; it writes short replies of its own
// and cuts long ones. So there is no general record type here: a DnsMessage is a checked view of
// bytes that belong to someone else, and a DnsReply is a reply small enough to be a value.
//
// A name is followed through compression pointers only backwards, each below the one before, so
// every walk ends, and a name that would be longer than 255 bytes is refused on the way.

#ifndef SLUICE_SERVICES_DNS_MESSAGE_H_
#define SLUICE_SERVICES_DNS_MESSAGE_H_

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "stack/address.h"
#include "stack/bytes.h"

namespace sluice {

inline constexpr std::uint16_t kDnsPort = 53;

enum class DnsType : std::uint16_t {
  kA = 1,
  kAaaa = 28,
  kOpt = 41,
  kIxfr = 251,
  kAxfr = 252,
  kAny = 255,
};

enum class DnsClass : std::uint16_t { kInternet = 1, kAny = 255 };

// Codes above 15 need an OPT record to be told (RFC 6891, section 6.1.3).
enum class DnsRcode : std::uint16_t {
  kNoError = 0,
  kFormatError = 1,
  kServerFailure = 2,
  kNameError = 3,
  kNotImplemented = 4,
  kRefused = 5,
  kBadVersion = 16,
};

// A domain name, uncompressed. Names are equal whatever the case of their letters (RFC 4343).
class DnsName {
 public:
  static constexpr std::size_t kMaxSize = 255;  // bytes on the wire, the root's zero included
  static constexpr std::size_t kMaxLabel = 63;

  DnsName() = default;  // the root

  // Reads the name at `offset` of a message and moves `offset` behind it. nullopt, and `offset` as
  // it was, if the name is cut short, too long, loops, or uses a label type of RFC 6891 or later.
  static std::optional<DnsName> parse(Bytes message, std::size_t& offset);
  // Reads "host.sluice.internal", with or without the last dot; "." is the root. nullopt if a label
  // is empty or too long, or the whole is. There are no escapes.
  static std::optional<DnsName> from_text(std::string_view text);

  // Labels with their lengths, and the root's zero.
  Bytes wire() const { return Bytes(octets_).first(size_); }
  // True for the zone's own name and everything below it.
  bool is_within(const DnsName& zone) const;

  friend bool operator==(const DnsName& left, const DnsName& right);

 private:
  bool append(Bytes label);  // false when there is no room for it and a zero

  std::array<std::uint8_t, kMaxSize> octets_{};
  std::uint8_t size_ = 1;
};

struct DnsHeader {
  std::uint16_t id = 0;
  std::uint16_t flags = 0;
  std::uint16_t questions = 0;
  std::uint16_t answers = 0;
  std::uint16_t authorities = 0;
  std::uint16_t additionals = 0;

  static constexpr std::size_t kSize = 12;
  static constexpr std::uint16_t kResponse = 0x8000;
  static constexpr std::uint16_t kOpcode = 0x7800;
  static constexpr std::uint16_t kAuthoritative = 0x0400;
  static constexpr std::uint16_t kTruncated = 0x0200;
  static constexpr std::uint16_t kRecursionDesired = 0x0100;
  static constexpr std::uint16_t kRecursionAvailable = 0x0080;
  static constexpr std::uint16_t kCheckingDisabled = 0x0010;
  static constexpr std::uint16_t kRcode = 0x000f;

  bool is_response() const { return (flags & kResponse) != 0; }
  bool is_truncated() const { return (flags & kTruncated) != 0; }
  bool is_query_opcode() const { return (flags & kOpcode) == 0; }
  // The low four bits; an OPT record may hold more.
  DnsRcode rcode() const { return static_cast<DnsRcode>(flags & kRcode); }

  // nullopt if there are fewer than kSize bytes.
  static std::optional<DnsHeader> parse(Bytes message);
  // Writes kSize bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const DnsHeader&, const DnsHeader&) = default;
};

struct DnsQuestion {
  DnsName name;
  DnsType type{};
  DnsClass klass{};

  friend bool operator==(const DnsQuestion&, const DnsQuestion&) = default;
};

// What an OPT record says, without its options (RFC 6891, section 6.1.2).
struct DnsOpt {
  std::uint16_t udp_size = 0;  // the largest UDP payload that its sender can take, as it says
  std::uint8_t extended_rcode = 0;
  std::uint8_t version = 0;
  bool dnssec_ok = false;

  static constexpr std::size_t kSize = 11;  // of a record without options

  // Writes kSize bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const DnsOpt&, const DnsOpt&) = default;
};

// A view of a message with exactly one question. The bytes outlive the view.
class DnsMessage {
 public:
  // nullopt without a whole header, or if the number of questions is not one, or if that one can't
  // be read.
  static std::optional<DnsMessage> parse(Bytes message);

  Bytes bytes() const { return bytes_; }
  const DnsHeader& header() const { return header_; }
  const DnsQuestion& question() const { return question_; }
  // The OPT record, when there is one and the message is well-formed.
  const std::optional<DnsOpt>& opt() const { return opt_; }
  // All records that the header counts are there, and there is at most one OPT among them, where it
  // belongs and with the root's name (RFC 6891, section 6.1.1).
  bool is_well_formed() const { return well_formed_; }
  // The largest reply that fits a UDP datagram to whoever sent this query, in bytes.
  std::size_t udp_size() const;

  static constexpr std::size_t kPlainUdpSize = 512;  // RFC 1035, section 4.2.1

 private:
  DnsMessage(Bytes bytes, const DnsHeader& header) : bytes_(bytes), header_(header) {}
  bool walk_records(std::size_t offset);

  Bytes bytes_;
  DnsHeader header_;
  DnsQuestion question_;
  std::optional<DnsOpt> opt_;
  bool well_formed_ = false;
};

// An address as the answer to a question: an A or AAAA record, by its family.
struct DnsAnswer {
  IpAddress address;
  std::uint32_t seconds_to_live = 0;
};

// A reply of the proxy's own making. It fits every UDP datagram: at most kPlainUdpSize bytes.
class DnsReply {
 public:
  // To a query that can't be read or is of another kind: a header that says why, and nothing else.
  static DnsReply header_only(const DnsHeader& query, DnsRcode rcode);
  // Why there is no answer. The question comes back, and an OPT record if the query had one.
  static DnsReply error(const DnsMessage& query, DnsRcode rcode);
  // What the proxy knows itself, with authority; without an answer, that there is none.
  static DnsReply answer(const DnsMessage& query, DnsRcode rcode,
                         const std::optional<DnsAnswer>& answer);
  // What remains of a reply that is too large: its header with TC set, its question, and its OPT
  // record without options (RFC 2181, section 9).
  static DnsReply truncated(const DnsMessage& reply);

  Bytes bytes() const { return Bytes(octets_).first(size_); }

 private:
  MutableBytes extend(std::size_t size);
  void add_header(const DnsHeader& header);
  void add_question(const DnsQuestion& question);
  void add_answer(const DnsAnswer& answer);
  void add_opt(const DnsOpt& opt);
  static DnsReply to(const DnsMessage& query, DnsRcode rcode, std::uint16_t flags,
                     const std::optional<DnsAnswer>& answer);

  std::array<std::uint8_t, DnsMessage::kPlainUdpSize> octets_;
  std::size_t size_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_DNS_MESSAGE_H_
