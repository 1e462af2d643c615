#include "services/dhcpv6/message.h"

#include <algorithm>
#include <limits>

#include <gsl/assert>

namespace sluice {
namespace {

using Kind = Dhcpv6Association::Kind;
using Octets = std::vector<std::uint8_t>;

constexpr std::size_t kOptionHeaderSize = 4;  // code and length
constexpr std::uint32_t kTransactionMask = 0xffffff;
constexpr std::size_t kAddressSize = 16;

struct WireAddress {
  std::array<std::uint8_t, kAddressSize> address{};
  Big32 preferred;
  Big32 valid;
};
static_assert(sizeof(WireAddress) == 24 && alignof(WireAddress) == 1);

// IA_NA and IA_PD; IA_TA ends behind the id.
struct WireAssociation {
  Big32 id;
  Big32 renew;
  Big32 rebind;
};
static_assert(sizeof(WireAssociation) == 12 && alignof(WireAssociation) == 1);

template <std::unsigned_integral T>
void append_number(Octets& to, T number) {
  to.resize(to.size() + sizeof(T));
  store_big<T>(to, to.size() - sizeof(T), number);
}

void append(Octets& to, Bytes bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

void append_option(Octets& to, Dhcpv6Code code, Bytes value) {
  Expects(value.size() <= std::numeric_limits<std::uint16_t>::max());
  append_number(to, static_cast<std::uint16_t>(code));
  append_number(to, static_cast<std::uint16_t>(value.size()));
  append(to, value);
}

// Reading. Each gives false, or nullopt, for a value that its format rules out.

std::optional<Dhcpv6Status> parse_status(Bytes value) {
  if (value.size() < sizeof(std::uint16_t)) return std::nullopt;
  return Dhcpv6Status{static_cast<Dhcpv6StatusCode>(load_big<std::uint16_t>(value, 0)),
                      std::string(as_text(value.subspan(sizeof(std::uint16_t))))};
}

std::optional<Dhcpv6Address> parse_address(Bytes value) {
  if (value.size() < sizeof(WireAddress)) return std::nullopt;
  Dhcpv6OptionCursor cursor(value.subspan(sizeof(WireAddress)));
  while (cursor.next()) {
  }
  if (!cursor.is_at_end()) return std::nullopt;
  WireAddress wire;
  std::memcpy(&wire, value.data(), sizeof(wire));
  return Dhcpv6Address{IpAddress::v6(wire.address), wire.preferred, wire.valid};
}

std::optional<Dhcpv6Association> parse_association(Kind kind, Bytes value) {
  const std::size_t fixed =
      kind == Kind::kTemporary ? sizeof(std::uint32_t) : sizeof(WireAssociation);
  if (value.size() < fixed) return std::nullopt;
  WireAssociation wire;
  std::memcpy(&wire, value.data(), fixed);
  Dhcpv6Association association{
      .kind = kind, .id = wire.id, .renew = wire.renew, .rebind = wire.rebind};
  Dhcpv6OptionCursor cursor(value.subspan(fixed));
  while (const auto option = cursor.next()) {
    if (option->code == Dhcpv6Code::kAddress && kind != Kind::kPrefixes) {
      const auto address = parse_address(option->value);
      if (!address || association.addresses.size() == Dhcpv6Message::kMaxAddresses) {
        return std::nullopt;
      }
      association.addresses.push_back(*address);
    } else if (option->code == Dhcpv6Code::kStatus) {
      auto status = parse_status(option->value);
      if (!status) return std::nullopt;
      if (!association.status) association.status = std::move(status);
    }
  }
  if (!cursor.is_at_end()) return std::nullopt;
  return association;
}

bool read_duid(Bytes value, std::optional<Duid>& duid) {
  const auto read = Duid::parse(value);
  if (read && !duid) duid = read;
  return read.has_value();
}

bool read_association(const Dhcpv6OptionView& option,
                      std::vector<Dhcpv6Association>& associations) {
  auto association = parse_association(static_cast<Kind>(option.code), option.value);
  if (!association || associations.size() == Dhcpv6Message::kMaxAssociations) return false;
  associations.push_back(std::move(*association));
  return true;
}

bool read_requested(Bytes value, std::optional<std::vector<Dhcpv6Code>>& requested) {
  if (value.size() % sizeof(std::uint16_t) != 0) return false;
  if (requested) return true;
  requested.emplace();
  for (std::size_t i = 0; i < value.size(); i += sizeof(std::uint16_t)) {
    requested->push_back(static_cast<Dhcpv6Code>(load_big<std::uint16_t>(value, i)));
  }
  return true;
}

bool read_option(const Dhcpv6OptionView& option, Dhcpv6Message& message) {
  switch (option.code) {
    case Dhcpv6Code::kClientIdentifier:
      return read_duid(option.value, message.client);
    case Dhcpv6Code::kServerIdentifier:
      return read_duid(option.value, message.server);
    case Dhcpv6Code::kAddresses:
    case Dhcpv6Code::kTemporaryAddresses:
    case Dhcpv6Code::kPrefixes:
      return read_association(option, message.associations);
    case Dhcpv6Code::kOptionRequest:
      return read_requested(option.value, message.requested);
    case Dhcpv6Code::kPreference:
      if (option.value.size() != 1) return false;
      if (!message.preference) message.preference = option.value[0];
      return true;
    case Dhcpv6Code::kStatus: {
      auto status = parse_status(option.value);
      if (!status) return false;
      if (!message.status) message.status = std::move(status);
      return true;
    }
    case Dhcpv6Code::kRapidCommit:
      message.rapid_commit = true;
      return option.value.empty();
    default:
      if (Dhcpv6Message::is_kept(option.code) && !message.find(option.code)) {
        message.add(option.code, option.value);
      }
      return true;
  }
}

// Writing: the values of options that are made of parts.

Octets value_of(const Dhcpv6Status& status) {
  Octets value;
  append_number(value, static_cast<std::uint16_t>(status.code));
  append(value, as_bytes(status.text));
  return value;
}

Octets value_of(const Dhcpv6Address& address) {
  Octets value;
  append(value, address.address.octets());
  append_number(value, address.preferred);
  append_number(value, address.valid);
  return value;
}

Octets value_of(const Dhcpv6Association& association) {
  Octets value;
  append_number(value, association.id);
  if (association.kind != Kind::kTemporary) {
    append_number(value, association.renew);
    append_number(value, association.rebind);
  }
  for (const Dhcpv6Address& address : association.addresses) {
    append_option(value, Dhcpv6Code::kAddress, value_of(address));
  }
  if (association.status) append_option(value, Dhcpv6Code::kStatus, value_of(*association.status));
  return value;
}

Octets value_of(const std::vector<Dhcpv6Code>& codes) {
  Octets value;
  for (const Dhcpv6Code code : codes) append_number(value, static_cast<std::uint16_t>(code));
  return value;
}

// A message that is being written.
class OptionWriter {
 public:
  explicit OptionWriter(MutableBytes room) : room_(room) {}

  void put(Dhcpv6Code code, Bytes value) {
    Octets option;
    append_option(option, code, value);
    if (option.size() > room_.size() - emitted_.size) {
      ++emitted_.omitted;
      return;
    }
    copy_bytes(option, room_.subspan(emitted_.size));
    emitted_.size += option.size();
  }
  const Dhcpv6Message::Emitted& emitted() const { return emitted_; }

 private:
  MutableBytes room_;
  Dhcpv6Message::Emitted emitted_{.size = Dhcpv6Message::kHeaderSize};
};

}  // namespace

std::optional<Dhcpv6OptionView> Dhcpv6OptionCursor::next() {
  if (rest_.size() < kOptionHeaderSize) return std::nullopt;
  const std::size_t size = load_big<std::uint16_t>(rest_, 2);
  if (size > rest_.size() - kOptionHeaderSize) return std::nullopt;
  const Dhcpv6OptionView option{static_cast<Dhcpv6Code>(load_big<std::uint16_t>(rest_, 0)),
                                rest_.subspan(kOptionHeaderSize, size)};
  rest_ = rest_.subspan(kOptionHeaderSize + size);
  return option;
}

std::optional<Dhcpv6Message> Dhcpv6Message::parse(Bytes bytes) {
  if (bytes.size() < kHeaderSize) return std::nullopt;
  if (bytes[0] < static_cast<std::uint8_t>(Dhcpv6Type::kSolicit) ||
      bytes[0] > static_cast<std::uint8_t>(Dhcpv6Type::kInformationRequest)) {
    return std::nullopt;
  }
  Dhcpv6Message message;
  message.type = static_cast<Dhcpv6Type>(bytes[0]);
  message.transaction = load_big<std::uint32_t>(bytes, 0) & kTransactionMask;
  Dhcpv6OptionCursor cursor(bytes.subspan(kHeaderSize));
  while (const auto option = cursor.next()) {
    if (!read_option(*option, message)) return std::nullopt;
  }
  if (!cursor.is_at_end()) return std::nullopt;
  return message;
}

Dhcpv6Message::Emitted Dhcpv6Message::emit(MutableBytes into) const {
  Expects(into.size() >= kHeaderSize && transaction <= kTransactionMask);
  store_big<std::uint32_t>(into, 0, static_cast<std::uint32_t>(type) << 24 | transaction);
  OptionWriter writer(into);
  if (client) writer.put(Dhcpv6Code::kClientIdentifier, client->bytes());
  if (server) writer.put(Dhcpv6Code::kServerIdentifier, server->bytes());
  if (status) writer.put(Dhcpv6Code::kStatus, value_of(*status));
  if (rapid_commit) writer.put(Dhcpv6Code::kRapidCommit, Bytes());
  if (preference) writer.put(Dhcpv6Code::kPreference, Bytes(&*preference, 1));
  for (const Dhcpv6Association& association : associations) {
    writer.put(static_cast<Dhcpv6Code>(association.kind), value_of(association));
  }
  if (requested) writer.put(Dhcpv6Code::kOptionRequest, value_of(*requested));
  for (const Dhcpv6Option& option : options) writer.put(option.code, option.value);
  return writer.emitted();
}

bool Dhcpv6Message::is_kept(Dhcpv6Code code) {
  switch (code) {
    case Dhcpv6Code::kVendorClass:
    case Dhcpv6Code::kNameServers:
    case Dhcpv6Code::kDomainSearch:
    case Dhcpv6Code::kInformationRefreshTime:
    case Dhcpv6Code::kBootFileUrl:
      return true;
    default:
      return false;
  }
}

std::optional<Bytes> Dhcpv6Message::find(Dhcpv6Code code) const {
  for (const Dhcpv6Option& option : options) {
    if (option.code == code) return Bytes(option.value);
  }
  return std::nullopt;
}

void Dhcpv6Message::add(Dhcpv6Code code, Bytes value) {
  Expects(is_kept(code) && !find(code));
  options.push_back({code, {value.begin(), value.end()}});
}

}  // namespace sluice
