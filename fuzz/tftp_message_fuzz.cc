// Any bytes as a TFTP message: what was read is written as the same message.

#include <vector>

#include "fuzz/program.h"
#include "services/tftp/message.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one file, one function

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  const auto message = parse_tftp(bytes);
  if (!message) return 0;
  const auto opcode = tftp_opcode(bytes);
  require(opcode && *opcode >= TftpOpcode::kRead && *opcode <= TftpOpcode::kOptionAcknowledgment);

  constexpr std::size_t kSlack = 1;  // the zero that an error may lack
  std::vector<std::uint8_t> room(size + kSlack);
  const std::size_t written = emit_tftp(*message, room);
  require(written <= room.size());
  require(tftp_opcode(room) == opcode);
  require(parse_tftp(Bytes(room).first(written)) == message);
  return 0;
}
