#include "services/dhcp/message.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr std::uint32_t kMagicCookie = 0x63825363;
constexpr std::uint16_t kBroadcastFlag = 0x8000;
constexpr std::size_t kLongestValue = 255;  // what one length byte can say

// Which fields option 52 lends to options.
constexpr std::uint8_t kFileOverloaded = 1;
constexpr std::uint8_t kServerNameOverloaded = 2;

struct WireMessage {
  std::uint8_t operation = 0;
  std::uint8_t hardware_type = 0;
  std::uint8_t hardware_size = 0;
  std::uint8_t hops = 0;
  Big32 transaction;
  Big16 seconds;
  Big16 flags;
  Big32 client;
  Big32 yours;
  Big32 server;
  Big32 gateway;
  std::array<std::uint8_t, 16> hardware{};
  std::array<std::uint8_t, DhcpMessage::kMaxServerName + 1> server_name{};
  std::array<std::uint8_t, DhcpMessage::kMaxBootFile + 1> boot_file{};
};
static_assert(sizeof(WireMessage) == DhcpMessage::kFixedSize && alignof(WireMessage) == 1);

constexpr std::size_t kOptionsOffset = DhcpMessage::kFixedSize + sizeof(kMagicCookie);
constexpr std::size_t kHeadSize = 2;  // code and length of an option
constexpr std::size_t kEndSize = 1;
constexpr std::size_t kOverloadSize = kHeadSize + 1;

std::string text_of(Bytes field) {
  const auto end = std::find(field.begin(), field.end() - 1, 0);
  return {field.begin(), end};
}

void put_text(const std::string& text, MutableBytes field) {
  Expects(text.size() < field.size());
  copy_bytes(as_bytes(text), field);
}

// Gathers options from several fields, in the order in which their codes come first.
class Gatherer {
 public:
  explicit Gatherer(std::vector<DhcpOption>& options) : options_(options) {}

  void read(Bytes field) {
    DhcpOptionCursor cursor(field);
    while (const auto option = cursor.next()) {
      if (option->code != DhcpCode::kOverload) append(*option);
    }
  }

 private:
  void append(const DhcpOptionView& part) {
    std::uint8_t& place = places_.at(static_cast<std::uint8_t>(part.code));
    if (place == 0) {
      options_.push_back({part.code, {}});
      place = static_cast<std::uint8_t>(options_.size());
    }
    std::vector<std::uint8_t>& value = options_.at(place - 1U).value;
    value.insert(value.end(), part.value.begin(), part.value.end());
  }

  std::vector<DhcpOption>& options_;
  std::array<std::uint8_t, 256> places_{};  // by code: the place in options_ plus one; 0 for none
};

// A field that is being filled with options.
class OptionField {
 public:
  OptionField() = default;
  explicit OptionField(MutableBytes room) : room_(room) {}

  static std::size_t size_of(const DhcpOption& option) {
    const std::size_t parts =
        std::max<std::size_t>(1, (option.value.size() + kLongestValue - 1) / kLongestValue);
    return option.value.size() + parts * kHeadSize;
  }
  bool has_room(std::size_t size) const { return used_ + size + kEndSize <= room_.size(); }
  void put(const DhcpOption& option) {
    Bytes rest(option.value);
    do {
      const Bytes part = rest.first(std::min(rest.size(), kLongestValue));
      rest = rest.subspan(part.size());
      put_byte(static_cast<std::uint8_t>(option.code));
      put_byte(static_cast<std::uint8_t>(part.size()));
      copy_bytes(part, room_.subspan(used_));
      used_ += part.size();
    } while (!rest.empty());
  }
  void end() { put_byte(static_cast<std::uint8_t>(DhcpCode::kEnd)); }
  std::size_t used() const { return used_; }

 private:
  void put_byte(std::uint8_t value) { room_[used_++] = value; }

  MutableBytes room_;
  std::size_t used_ = 0;
};

template <std::unsigned_integral T>
std::optional<T> find_number(const DhcpMessage& message, DhcpCode code) {
  const auto value = message.find(code);
  if (!value || value->size() != sizeof(T)) return std::nullopt;
  return load_big<T>(*value, 0);
}

template <std::unsigned_integral T>
void add_number(DhcpMessage& message, DhcpCode code, T number) {
  std::array<std::uint8_t, sizeof(T)> value{};
  store_big<T>(value, 0, number);
  message.add(code, value);
}

}  // namespace

std::optional<DhcpOptionView> DhcpOptionCursor::next() {
  while (!rest_.empty() && rest_[0] == static_cast<std::uint8_t>(DhcpCode::kPad)) {
    rest_ = rest_.subspan(1);
  }
  if (rest_.size() < kHeadSize || rest_[0] == static_cast<std::uint8_t>(DhcpCode::kEnd) ||
      rest_[1] > rest_.size() - kHeadSize) {
    rest_ = Bytes();
    return std::nullopt;
  }
  const DhcpOptionView option{static_cast<DhcpCode>(rest_[0]), rest_.subspan(kHeadSize, rest_[1])};
  rest_ = rest_.subspan(kHeadSize + option.value.size());
  return option;
}

std::optional<DhcpMessage> DhcpMessage::parse(Bytes bytes) {
  if (bytes.size() < kFixedSize) return std::nullopt;
  WireMessage wire;
  std::memcpy(&wire, bytes.data(), sizeof(wire));
  DhcpMessage message;
  if (wire.operation != static_cast<std::uint8_t>(Operation::kRequest) &&
      wire.operation != static_cast<std::uint8_t>(Operation::kReply)) {
    return std::nullopt;
  }
  if (wire.hardware_size > message.hardware.size()) return std::nullopt;
  message.operation = static_cast<Operation>(wire.operation);
  message.hardware_type = wire.hardware_type;
  message.hardware_size = wire.hardware_size;
  message.hops = wire.hops;
  message.transaction = wire.transaction;
  message.seconds = wire.seconds;
  message.broadcast = (wire.flags & kBroadcastFlag) != 0;
  message.client = wire.client;
  message.yours = wire.yours;
  message.server = wire.server;
  message.gateway = wire.gateway;
  message.hardware = wire.hardware;

  std::uint8_t overload = 0;
  if (bytes.size() >= kOptionsOffset &&
      load_big<std::uint32_t>(bytes, kFixedSize) == kMagicCookie) {
    const Bytes field = bytes.subspan(kOptionsOffset);
    DhcpOptionCursor cursor(field);
    while (const auto option = cursor.next()) {
      if (option->code == DhcpCode::kOverload && option->value.size() == 1) {
        overload = option->value[0];
      }
    }
    Gatherer gatherer(message.options);
    gatherer.read(field);
    // RFC 2131, section 4.1: `file` is read before `sname`.
    if ((overload & kFileOverloaded) != 0) gatherer.read(wire.boot_file);
    if ((overload & kServerNameOverloaded) != 0) gatherer.read(wire.server_name);
  }
  if ((overload & kFileOverloaded) == 0) message.boot_file = text_of(wire.boot_file);
  if ((overload & kServerNameOverloaded) == 0) message.server_name = text_of(wire.server_name);
  return message;
}

DhcpMessage::Emitted DhcpMessage::emit(MutableBytes into) const {
  Expects(into.size() >= kMinimumSize);
  std::fill(into.begin(), into.end(), 0);
  WireMessage wire;
  wire.operation = static_cast<std::uint8_t>(operation);
  wire.hardware_type = hardware_type;
  wire.hardware_size = hardware_size;
  wire.hops = hops;
  wire.transaction = transaction;
  wire.seconds = seconds;
  wire.flags = broadcast ? kBroadcastFlag : std::uint16_t{0};
  wire.client = client;
  wire.yours = yours;
  wire.server = server;
  wire.gateway = gateway;
  wire.hardware = hardware;
  put_text(server_name, wire.server_name);
  put_text(boot_file, wire.boot_file);

  std::size_t needed = kOptionsOffset + kEndSize;
  for (const DhcpOption& option : options) needed += OptionField::size_of(option);
  const bool overloads = needed > into.size() && (boot_file.empty() || server_name.empty());
  const std::size_t reserved = overloads ? kOverloadSize : 0;
  OptionField main(into.subspan(kOptionsOffset, into.size() - kOptionsOffset - reserved));
  OptionField file;
  OptionField name;
  if (overloads && boot_file.empty()) file = OptionField(wire.boot_file);
  if (overloads && server_name.empty()) name = OptionField(wire.server_name);

  Emitted emitted;
  for (const DhcpOption& option : options) {
    const std::size_t size = OptionField::size_of(option);
    OptionField* const field = main.has_room(size)   ? &main
                               : file.has_room(size) ? &file
                               : name.has_room(size) ? &name
                                                     : nullptr;
    if (field == nullptr) {
      ++emitted.omitted;
    } else {
      field->put(option);
    }
  }

  std::size_t end = kOptionsOffset + main.used();
  if (overloads) {
    std::uint8_t lent = 0;
    if (file.used() > 0) {
      lent |= kFileOverloaded;
      file.end();
    }
    if (name.used() > 0) {
      lent |= kServerNameOverloaded;
      name.end();
    }
    if (lent != 0) {
      into[end++] = static_cast<std::uint8_t>(DhcpCode::kOverload);
      into[end++] = 1;
      into[end++] = lent;
    }
  }
  into[end++] = static_cast<std::uint8_t>(DhcpCode::kEnd);
  std::memcpy(into.first(sizeof(wire)).data(), &wire, sizeof(wire));
  store_big<std::uint32_t>(into, kFixedSize, kMagicCookie);
  emitted.size = std::max(end, kMinimumSize);
  return emitted;
}

std::optional<Bytes> DhcpMessage::find(DhcpCode code) const {
  for (const DhcpOption& option : options) {
    if (option.code == code) return Bytes(option.value);
  }
  return std::nullopt;
}

std::optional<std::uint8_t> DhcpMessage::find_8(DhcpCode code) const {
  return find_number<std::uint8_t>(*this, code);
}

std::optional<std::uint16_t> DhcpMessage::find_16(DhcpCode code) const {
  return find_number<std::uint16_t>(*this, code);
}

std::optional<std::uint32_t> DhcpMessage::find_32(DhcpCode code) const {
  return find_number<std::uint32_t>(*this, code);
}

std::optional<DhcpType> DhcpMessage::type() const {
  const auto number = find_8(DhcpCode::kMessageType);
  if (!number || *number < static_cast<std::uint8_t>(DhcpType::kDiscover) ||
      *number > static_cast<std::uint8_t>(DhcpType::kInform)) {
    return std::nullopt;
  }
  return static_cast<DhcpType>(*number);
}

void DhcpMessage::add(DhcpCode code, Bytes value) {
  Expects(!find(code) && code != DhcpCode::kPad && code != DhcpCode::kEnd &&
          code != DhcpCode::kOverload);
  options.push_back({code, {value.begin(), value.end()}});
}

void DhcpMessage::add_8(DhcpCode code, std::uint8_t value) {
  add_number(*this, code, value);
}

void DhcpMessage::add_16(DhcpCode code, std::uint16_t value) {
  add_number(*this, code, value);
}

void DhcpMessage::add_32(DhcpCode code, std::uint32_t value) {
  add_number(*this, code, value);
}

}  // namespace sluice
