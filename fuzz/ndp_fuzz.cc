// Any bytes as each message of neighbour discovery: what was read is written as the same message,
// and in no more bytes. The options are also walked by themselves.

#include <vector>

#include "fuzz/program.h"
#include "stack/wire/ndp.h"

namespace sluice {
namespace {

template <typename Message>
void check(Bytes input) {
  const auto message = Message::parse(input);
  if (!message) return;
  require(message->size() <= input.size());
  std::vector<std::uint8_t> again(message->size());
  message->emit(again);
  require(Message::parse(again) == message);
}

void walk(Bytes options) {
  NdpOptionCursor cursor(options);
  std::size_t walked = 0;
  while (const auto option = cursor.next()) {
    require(!option->bytes.empty() && option->bytes.size() % 8 == 0);
    require(option->bytes.data() == options.data() + walked);
    walked += option->bytes.size();
    require(walked <= options.size());
  }
  require(cursor.is_sound() == (walked == options.size()));
}

void run(Bytes input) {
  check<RouterSolicitation>(input);
  check<RouterAdvertisement>(input);
  check<NeighborSolicitation>(input);
  check<NeighborAdvertisement>(input);
  walk(input);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
