#include "services/tftp/terms.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr std::uint64_t kSmallestBlock = 8;  // RFC 2348
constexpr std::uint64_t kMaxSeconds = 255;   // RFC 2349

}  // namespace

TftpTerms TftpTerms::agree(const TftpConfig& config, TftpMode mode, const TftpOptions& proposed,
                           std::uint64_t file_size) {
  TftpTerms terms;
  terms.mode = mode;
  terms.first_timeout = config.first_timeout;
  terms.longest_timeout = config.longest_timeout;
  TftpOptions& told = terms.acknowledged;
  if (proposed.block_size && *proposed.block_size >= kSmallestBlock) {
    told.block_size = std::min<std::uint64_t>(*proposed.block_size, config.max_block_size);
    terms.block_size = *told.block_size;
  }
  // How long a translated file is, nobody knows before it is read.
  if (proposed.transfer_size && mode == TftpMode::kOctet) told.transfer_size = file_size;
  if (proposed.timeout && *proposed.timeout >= 1 && *proposed.timeout <= kMaxSeconds) {
    told.timeout = proposed.timeout;
    terms.first_timeout = terms.longest_timeout = std::chrono::seconds(*told.timeout);
  }
  if (proposed.window_size && *proposed.window_size >= 1) {
    const std::uint64_t fitting =
        std::max<std::uint64_t>(1, config.max_window_bytes / terms.block_size);
    told.window_size = std::min({*proposed.window_size, std::uint64_t{config.max_window}, fitting});
    terms.window = *told.window_size;
  }
  return terms;
}

Duration TftpTerms::timeout(unsigned tries) const {
  Duration time = first_timeout;
  for (unsigned i = 1; i < tries && time < longest_timeout; ++i) time *= 2;
  return std::min(time, longest_timeout);
}

}  // namespace sluice
