// A client that takes one file as the RFCs say. It answers every copy of its last block, as simple
// clients do; a server must not let that double what it sends.

#ifndef SLUICE_SERVICES_TFTP_SCRIPTED_CLIENT_H_
#define SLUICE_SERVICES_TFTP_SCRIPTED_CLIENT_H_

#include <optional>
#include <string>
#include <vector>

#include "services/tftp/message.h"

namespace sluice {

class ScriptedTftpClient {
 public:
  using Octets = std::vector<std::uint8_t>;

  ScriptedTftpClient(std::string file, std::string mode, const TftpOptions& options)
      : file_(std::move(file)), mode_(std::move(mode)), options_(options) {}

  // What it sends when nothing has come for a while; at first the request.
  Octets on_timeout() const;
  // What it answers, if it does.
  std::optional<Octets> on_datagram(Bytes bytes);

  bool done() const { return done_; }
  // The error that ended it.
  const std::optional<TftpErrorCode>& error() const { return error_; }
  const Octets& content() const { return content_; }
  // What the server acknowledged.
  const TftpOptions& agreed() const { return agreed_; }

 private:
  std::optional<Octets> on_data(const TftpData& data);
  Octets acknowledgment() const;

  std::string file_;
  std::string mode_;
  TftpOptions options_;
  TftpOptions agreed_;
  bool begun_ = false;          // something was answered
  std::uint64_t expected_ = 1;  // the block that is next in order
  std::uint64_t in_window_ = 0;
  bool complained_ = false;  // of a gap in this window
  bool done_ = false;
  std::optional<TftpErrorCode> error_;
  Octets content_;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_TFTP_SCRIPTED_CLIENT_H_
