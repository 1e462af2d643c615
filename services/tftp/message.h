// TFTP messages (RFC 1350) and the options of read requests (RFC 2347, 2348, 2349, 7440).
//
// A message is one of six plain values. Names, texts and data are views of bytes that belong to
// someone else: of the datagram after parse(), of the caller's after it built a message.

#ifndef SLUICE_SERVICES_TFTP_MESSAGE_H_
#define SLUICE_SERVICES_TFTP_MESSAGE_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "stack/bytes.h"

namespace sluice {

inline constexpr std::uint16_t kTftpPort = 69;

enum class TftpOpcode : std::uint16_t {
  kRead = 1,
  kWrite = 2,
  kData = 3,
  kAcknowledgment = 4,
  kError = 5,
  kOptionAcknowledgment = 6,
};

enum class TftpErrorCode : std::uint16_t {
  kOther = 0,  // the text says what
  kFileNotFound = 1,
  kAccessViolation = 2,
  kDiskFull = 3,
  kIllegalOperation = 4,
  kUnknownTransfer = 5,
  kFileExists = 6,
  kNoSuchUser = 7,
  kOptionsRefused = 8,  // RFC 2347
};

// The options that we know, as numbers that may be out of their range.
struct TftpOptions {
  std::optional<std::uint64_t> block_size;     // bytes
  std::optional<std::uint64_t> transfer_size;  // bytes
  std::optional<std::uint64_t> timeout;        // seconds
  std::optional<std::uint64_t> window_size;    // blocks

  bool empty() const { return *this == TftpOptions(); }
  friend bool operator==(const TftpOptions&, const TftpOptions&) = default;
};

struct TftpRequest {
  bool writes = false;
  std::string_view file;
  std::string_view mode;  // "octet", "netascii", in any case
  TftpOptions options;

  friend bool operator==(const TftpRequest&, const TftpRequest&) = default;
};

struct TftpData {
  std::uint16_t block = 0;
  Bytes data;

  static constexpr std::size_t kHeaderSize = 4;

  // Writes the header at the start of `into`; the data's place is behind it.
  static void emit_header(std::uint16_t block, MutableBytes into);

  friend bool operator==(const TftpData& left, const TftpData& right) {
    return left.block == right.block && as_text(left.data) == as_text(right.data);
  }
};

struct TftpAcknowledgment {
  std::uint16_t block = 0;

  friend bool operator==(const TftpAcknowledgment&, const TftpAcknowledgment&) = default;
};

struct TftpError {
  TftpErrorCode code{};
  std::string_view text;

  friend bool operator==(const TftpError&, const TftpError&) = default;
};

struct TftpOptionAcknowledgment {
  TftpOptions options;

  friend bool operator==(const TftpOptionAcknowledgment&,
                         const TftpOptionAcknowledgment&) = default;
};

using TftpMessage =
    std::variant<TftpRequest, TftpData, TftpAcknowledgment, TftpError, TftpOptionAcknowledgment>;

// The opcode, whether known or not; nullopt if there are not two bytes.
std::optional<TftpOpcode> tftp_opcode(Bytes bytes);

// nullopt if the opcode is unknown or the message is cut short: a text without its zero, an option
// without a value. An option that we don't know, that comes again or whose value is no decimal
// number is skipped; one without a name ends them. The text of an error may lack its zero.
std::optional<TftpMessage> parse_tftp(Bytes bytes);

// Writes the message at the start of `into`, which must be large enough; returns its size in bytes.
// Texts must not contain a zero.
std::size_t emit_tftp(const TftpMessage& message, MutableBytes into);

}  // namespace sluice

#endif  // SLUICE_SERVICES_TFTP_MESSAGE_H_
