#include "services/tftp/message.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr std::size_t kOpcodeSize = 2;

struct OptionName {
  std::string_view text;
  std::optional<std::uint64_t> TftpOptions::*field;
};
constexpr std::array kOptionNames{
    OptionName{"blksize", &TftpOptions::block_size},
    OptionName{"tsize", &TftpOptions::transfer_size},
    OptionName{"timeout", &TftpOptions::timeout},
    OptionName{"windowsize", &TftpOptions::window_size},
};

// Reads texts, each up to its zero.
class TextReader {
 public:
  explicit TextReader(Bytes bytes) : rest_(as_text(bytes)) {}

  bool at_end() const { return rest_.empty(); }
  // nullopt if there is no zero ahead.
  std::optional<std::string_view> next() {
    const std::size_t size = rest_.find('\0');
    if (size == std::string_view::npos) return std::nullopt;
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size + 1);
    return text;
  }

 private:
  std::string_view rest_;
};

class Writer {
 public:
  Writer(TftpOpcode opcode, MutableBytes into) : into_(into) {
    put_16(static_cast<std::uint16_t>(opcode));
  }

  void put_16(std::uint16_t value) {
    store_big<std::uint16_t>(into_, size_, value);
    size_ += 2;
  }
  void put(Bytes bytes) {
    copy_bytes(bytes, into_.subspan(size_));
    size_ += bytes.size();
  }
  void put_text(std::string_view text) {
    Expects(text.find('\0') == std::string_view::npos);
    put(as_bytes(text));
    into_[size_++] = 0;
  }
  void put_options(const TftpOptions& options) {
    for (const OptionName& name : kOptionNames) {
      if (const auto& value = options.*name.field) {
        put_text(name.text);
        put_text(std::to_string(*value));
      }
    }
  }
  std::size_t size() const { return size_; }

 private:
  MutableBytes into_;
  std::size_t size_ = 0;
};

bool is_same_name(std::string_view left, std::string_view right) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](char a, char b) { return lower(a) == lower(b); });
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

// nullopt if an option has no value.
std::optional<TftpOptions> parse_options(TextReader& reader) {
  TftpOptions options;
  while (!reader.at_end()) {
    const auto name = reader.next();
    const auto value = name ? reader.next() : std::nullopt;
    // Behind the request, padding: some boot ROMs send their whole buffer.
    if (name && name->empty()) break;
    if (!value) return std::nullopt;
    for (const OptionName& known : kOptionNames) {
      auto& field = options.*known.field;
      if (is_same_name(*name, known.text) && !field) field = number_of(*value);
    }
  }
  return options;
}

std::optional<TftpMessage> parse_request(TftpOpcode opcode, Bytes body) {
  TextReader reader(body);
  const auto file = reader.next();
  const auto mode = file ? reader.next() : std::nullopt;
  if (!mode) return std::nullopt;
  const auto options = parse_options(reader);
  if (!options) return std::nullopt;
  return TftpRequest{opcode == TftpOpcode::kWrite, *file, *mode, *options};
}

}  // namespace

void TftpData::emit_header(std::uint16_t block, MutableBytes into) {
  store_big<std::uint16_t>(into, 0, static_cast<std::uint16_t>(TftpOpcode::kData));
  store_big<std::uint16_t>(into, 2, block);
}

std::optional<TftpOpcode> tftp_opcode(Bytes bytes) {
  if (bytes.size() < kOpcodeSize) return std::nullopt;
  return static_cast<TftpOpcode>(load_big<std::uint16_t>(bytes, 0));
}

std::optional<TftpMessage> parse_tftp(Bytes bytes) {
  const auto opcode = tftp_opcode(bytes);
  if (!opcode) return std::nullopt;
  const Bytes body = bytes.subspan(kOpcodeSize);
  const auto number =
      body.size() < 2 ? std::nullopt : std::optional(load_big<std::uint16_t>(body, 0));
  switch (*opcode) {
    case TftpOpcode::kRead:
    case TftpOpcode::kWrite:
      return parse_request(*opcode, body);
    case TftpOpcode::kData:
      if (!number) return std::nullopt;
      return TftpData{*number, body.subspan(2)};
    case TftpOpcode::kAcknowledgment:
      if (!number) return std::nullopt;
      return TftpAcknowledgment{*number};
    case TftpOpcode::kError: {
      if (!number) return std::nullopt;
      const std::string_view text = as_text(body.subspan(2));
      return TftpError{static_cast<TftpErrorCode>(*number), text.substr(0, text.find('\0'))};
    }
    case TftpOpcode::kOptionAcknowledgment: {
      TextReader reader(body);
      const auto options = parse_options(reader);
      if (!options) return std::nullopt;
      return TftpOptionAcknowledgment{*options};
    }
  }
  return std::nullopt;
}

std::size_t emit_tftp(const TftpMessage& message, MutableBytes into) {
  if (const auto* request = std::get_if<TftpRequest>(&message)) {
    Writer writer(request->writes ? TftpOpcode::kWrite : TftpOpcode::kRead, into);
    writer.put_text(request->file);
    writer.put_text(request->mode);
    writer.put_options(request->options);
    return writer.size();
  }
  if (const auto* data = std::get_if<TftpData>(&message)) {
    Writer writer(TftpOpcode::kData, into);
    writer.put_16(data->block);
    writer.put(data->data);
    return writer.size();
  }
  if (const auto* acknowledgment = std::get_if<TftpAcknowledgment>(&message)) {
    Writer writer(TftpOpcode::kAcknowledgment, into);
    writer.put_16(acknowledgment->block);
    return writer.size();
  }
  if (const auto* error = std::get_if<TftpError>(&message)) {
    Writer writer(TftpOpcode::kError, into);
    writer.put_16(static_cast<std::uint16_t>(error->code));
    writer.put_text(error->text);
    return writer.size();
  }
  Writer writer(TftpOpcode::kOptionAcknowledgment, into);
  writer.put_options(std::get<TftpOptionAcknowledgment>(message).options);
  return writer.size();
}

}  // namespace sluice
