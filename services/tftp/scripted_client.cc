#include "services/tftp/scripted_client.h"

namespace sluice {
namespace {

ScriptedTftpClient::Octets emitted(const TftpMessage& message) {
  ScriptedTftpClient::Octets bytes(1024);
  bytes.resize(emit_tftp(message, bytes));
  return bytes;
}

}  // namespace

ScriptedTftpClient::Octets ScriptedTftpClient::on_timeout() const {
  return begun_ ? acknowledgment() : emitted(TftpRequest{false, file_, mode_, options_});
}

ScriptedTftpClient::Octets ScriptedTftpClient::acknowledgment() const {
  return emitted(TftpAcknowledgment{static_cast<std::uint16_t>(expected_ - 1)});
}

std::optional<ScriptedTftpClient::Octets> ScriptedTftpClient::on_datagram(Bytes bytes) {
  const auto message = parse_tftp(bytes);
  if (!message || error_) return std::nullopt;
  if (const auto* error = std::get_if<TftpError>(&*message)) {
    if (!done_) error_ = error->code;
    return std::nullopt;
  }
  if (const auto* options = std::get_if<TftpOptionAcknowledgment>(&*message)) {
    if (expected_ > 1) return std::nullopt;
    begun_ = true;
    agreed_ = options->options;
    return acknowledgment();
  }
  if (const auto* data = std::get_if<TftpData>(&*message)) return on_data(*data);
  return std::nullopt;
}

std::optional<ScriptedTftpClient::Octets> ScriptedTftpClient::on_data(const TftpData& data) {
  const auto ahead = static_cast<std::uint16_t>(data.block - static_cast<std::uint16_t>(expected_));
  if (ahead == 0xffff) return begun_ ? std::optional(acknowledgment()) : std::nullopt;
  if (done_ || ahead >= 0x8000) return std::nullopt;
  if (ahead > 0) {
    // RFC 7440, section 4: a gap is told at once.
    if (complained_ || !agreed_.window_size || !begun_) return std::nullopt;
    complained_ = true;
    in_window_ = 0;
    return acknowledgment();
  }
  begun_ = true;
  complained_ = false;
  content_.insert(content_.end(), data.data.begin(), data.data.end());
  ++expected_;
  ++in_window_;
  done_ = data.data.size() < agreed_.block_size.value_or(512);
  if (!done_ && in_window_ < agreed_.window_size.value_or(1)) return std::nullopt;
  in_window_ = 0;
  return acknowledgment();
}

}  // namespace sluice
