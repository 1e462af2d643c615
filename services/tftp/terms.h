// What a client and the server agree on before the first block (RFC 2347).
//
// A client proposes, the server takes what it can, says so in an option acknowledgment, and leaves
// out what it can't: then the plain protocol's value holds. A client that proposes nothing usable
// gets no option acknowledgment.

#ifndef SLUICE_SERVICES_TFTP_TERMS_H_
#define SLUICE_SERVICES_TFTP_TERMS_H_

#include <cstdint>

#include "services/tftp/file_reader.h"
#include "services/tftp/message.h"
#include "stack/time.h"

namespace sluice {

struct TftpConfig {
  // Bytes. Clients choose: those that can't put fragments together again ask for less than the MTU.
  std::size_t max_block_size = 65464;  // RFC 2348
  std::size_t max_window = 64;         // blocks
  // Bytes of one window, if that is more than one block. A window leaves at once; what the link's
  // queue or the client's socket can't hold of it (Linux: 208 KiB by default, with all overhead) is
  // lost and costs a timeout each time.
  std::size_t max_window_bytes = std::size_t{128} << 10;
  std::size_t max_transfers = 32;  // beyond it the least recently active one gives way
  // How long the first retransmission waits, unless the client names its own time. Each further
  // one waits twice as long as the one before, up to longest_timeout.
  Duration first_timeout = std::chrono::seconds(1);
  Duration longest_timeout = std::chrono::seconds(8);
  unsigned max_tries = 6;  // how often one window is sent before the transfer is given up
};

struct TftpTerms {
  TftpMode mode = TftpMode::kOctet;
  std::size_t block_size = kPlainBlockSize;  // bytes
  std::size_t window = 1;                    // blocks
  Duration first_timeout{};
  Duration longest_timeout{};
  TftpOptions acknowledged;  // what the client is to be told; empty: nothing

  // Terms for a file of `file_size` bytes.
  static TftpTerms agree(const TftpConfig& config, TftpMode mode, const TftpOptions& proposed,
                         std::uint64_t file_size);

  // How long to wait after having sent the same for the `tries`th time.
  Duration timeout(unsigned tries) const;

  static constexpr std::size_t kPlainBlockSize = 512;  // RFC 1350
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_TFTP_TERMS_H_
