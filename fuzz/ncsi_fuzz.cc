// NC-SI: the input is one frame after the other, each behind a length of one byte. Whatever is
// answered is a whole packet with a checksum that holds.

#include <cstdint>

#include "fuzz/program.h"
#include "services/ncsi/controller.h"
#include "stack/wire/ethernet.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;  // NOLINT(google-build-using-namespace): the function is all there is
  NcsiController controller({0x8119, MacAddress({2, 3, 4, 5, 6, 7})});
  Program program(Bytes(data, size));
  while (!program.at_end()) {
    const auto answer = controller.on_frame(program.piece());
    if (!answer) continue;
    const auto ethernet = EthernetView::parse(*answer);
    require(ethernet.has_value());
    const auto message = NcsiMessage::parse(ethernet->payload());
    require(message && (message->type & NcsiMessage::kResponse) != 0);
    require(message->payload.size() >= 4);
  }
  return 0;
}
