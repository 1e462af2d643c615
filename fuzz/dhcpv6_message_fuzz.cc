// Any bytes as a DHCPv6 message: what was read is written as the same message, and what finds no
// room is omitted whole.

#include <vector>

#include "fuzz/program.h"
#include "services/dhcpv6/message.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one file, one function

void check_bounds(const Dhcpv6Message& message) {
  require(message.associations.size() <= Dhcpv6Message::kMaxAssociations);
  for (const Dhcpv6Association& association : message.associations) {
    require(association.addresses.size() <= Dhcpv6Message::kMaxAddresses);
  }
  for (const Dhcpv6Option& option : message.options) {
    require(Dhcpv6Message::is_kept(option.code));
    require(message.find(option.code)->data() == option.value.data());
  }
}

void check_in_little_room(const Dhcpv6Message& message, std::size_t size) {
  std::vector<std::uint8_t> room(size);
  const auto emitted = message.emit(room);
  require(emitted.size <= room.size());
  const auto read = Dhcpv6Message::parse(Bytes(room).first(emitted.size));
  require(read && read->type == message.type && read->transaction == message.transaction);
  require(read->associations.size() <= message.associations.size());
  for (const Dhcpv6Option& option : read->options) {
    const auto value = message.find(option.code);
    require(value && as_text(*value) == as_text(option.value));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const auto message = Dhcpv6Message::parse(bytes);
  if (!message) return 0;
  check_bounds(*message);

  std::vector<std::uint8_t> room(size);
  const auto emitted = message->emit(room);
  require(emitted.omitted == 0);
  require(Dhcpv6Message::parse(Bytes(room).first(emitted.size)) == message);
  for (std::size_t limit = Dhcpv6Message::kHeaderSize; limit < size; limit += 1 + limit / 2) {
    check_in_little_room(*message, limit);
  }
  return 0;
}
