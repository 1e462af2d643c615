// A capture file, as it lies on disk.

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <gsl/assert>

#include "devices/link/capture_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;   // NOLINT(google-build-using-namespace): the function is all there is
  if (size == 0) return 0;  // fmemopen() has no empty files
  std::vector<std::uint8_t> copy(data, data + size);
  std::FILE* file = ::fmemopen(copy.data(), copy.size(), "r");
  Expects(file != nullptr);
  try {
    CaptureReader reader(file, "fuzz", {});
    Time latest{};
    while (const auto frame = reader.next()) {
      Ensures(frame->time >= latest);
      Ensures(frame->bytes.size() <= CaptureReader::kMaxFrame);
      latest = frame->time;
      // Every byte given must be there.
      unsigned sum = 0;
      for (const std::uint8_t byte : frame->bytes) sum += byte;
      Ensures(sum <= 255U * frame->bytes.size());
    }
  } catch (const std::runtime_error&) {
    return 0;  // no capture
  }
  return 0;
}
