#include "services/tftp/file_reader.h"

#include <algorithm>
#include <array>

namespace sluice {
namespace {

constexpr std::size_t kChunk = 4096;  // bytes of the file to translate at a time

Transfer read_translated(Files& files, FileId file, TftpPlace& place, MutableBytes into) {
  std::size_t filled = 0;
  std::array<std::uint8_t, kChunk> chunk;  // NOLINT(*-member-init): read() fills what is used
  while (filled < into.size()) {
    if (place.owed != TftpPlace::kNone) {
      into[filled++] = static_cast<std::uint8_t>(place.owed);
      place.owed = TftpPlace::kNone;
      continue;
    }
    // Every byte of the file becomes one or two, so no more is read than finds room.
    const MutableBytes room(chunk.data(), std::min(chunk.size(), into.size() - filled));
    const Transfer got = files.read(file, place.offset, room);
    if (got.error != std::errc{}) return {filled, got.error};
    if (got.bytes == 0) break;
    for (const std::uint8_t byte : room.first(got.bytes)) {
      if (place.owed != TftpPlace::kNone) {
        if (filled == into.size()) break;
        into[filled++] = static_cast<std::uint8_t>(place.owed);
        place.owed = TftpPlace::kNone;
      }
      if (filled == into.size()) break;
      into[filled++] = byte == '\n' ? std::uint8_t{'\r'} : byte;
      if (byte == '\n') place.owed = '\n';
      if (byte == '\r') place.owed = '\0';
      ++place.offset;
    }
  }
  return {.bytes = filled};
}

}  // namespace

Transfer read_tftp_file(Files& files, FileId file, TftpMode mode, TftpPlace& place,
                        MutableBytes into) {
  if (mode == TftpMode::kNetascii) return read_translated(files, file, place, into);
  const Transfer got = files.read(file, place.offset, into);
  place.offset += got.bytes;
  return got;
}

}  // namespace sluice
