// Any bytes as a DHCP message: what was read is written as the same message, and what finds no
// room is omitted whole.

#include <vector>

#include "fuzz/program.h"
#include "services/dhcp/message.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one file, one function

void check_in_little_room(const DhcpMessage& message) {
  std::vector<std::uint8_t> room(DhcpMessage::kMinimumSize);
  const auto emitted = message.emit(room);
  require(emitted.size == room.size());
  auto read = DhcpMessage::parse(room);
  require(read && read->options.size() + emitted.omitted == message.options.size());
  for (const DhcpOption& option : read->options) {
    const auto value = message.find(option.code);
    require(value && as_text(*value) == as_text(option.value));
  }
  read->options = message.options;
  require(*read == message);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const auto message = DhcpMessage::parse(bytes);
  if (!message) return 0;
  require(size >= DhcpMessage::kFixedSize);
  if (const auto type = message->type())
    require(message->find_8(DhcpCode::kMessageType).has_value());

  // A split option may need its length twice and more often when its parts become one.
  std::vector<std::uint8_t> room(2 * size + DhcpMessage::kMinimumSize);
  const auto emitted = message->emit(room);
  require(emitted.omitted == 0);
  require(DhcpMessage::parse(Bytes(room).first(emitted.size)) == message);
  check_in_little_room(*message);
  return 0;
}
