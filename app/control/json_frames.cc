#include "app/control/json_frames.h"

#include <utility>

namespace sluice {

void JsonFrames::append(std::string_view bytes) {
  if (problem_.empty()) bytes_ += bytes;
}

void JsonFrames::fail(std::string problem) {
  problem_ = std::move(problem);
  bytes_.clear();
  scanned_ = 0;
}

std::optional<std::string> JsonFrames::next() {
  if (scanned_ == 0) {
    bytes_.erase(0, bytes_.find_first_not_of(" \t\r\n"));
    if (!bytes_.empty() && bytes_.front() != '{') fail("expected a JSON object");
  }
  const auto end = end_of_object();
  if ((end && *end > kMaxLength) || (!end && bytes_.size() > kMaxLength)) {
    fail("a request has at most " + std::to_string(kMaxLength) + " bytes");
    return std::nullopt;
  }
  if (!end) return std::nullopt;
  std::string object = bytes_.substr(0, *end);
  bytes_.erase(0, *end);
  scanned_ = 0;
  return object;
}

std::optional<std::size_t> JsonFrames::end_of_object() {
  while (scanned_ < bytes_.size()) {
    const char letter = bytes_[scanned_++];
    if (in_string_) {
      if (!escaped_ && letter == '"') in_string_ = false;
      escaped_ = !escaped_ && letter == '\\';
    } else if (letter == '"') {
      in_string_ = true;
    } else if (letter == '{' || letter == '[') {
      if (++depth_ > kMaxDepth) {
        fail("a request is nested at most " + std::to_string(kMaxDepth) + " deep");
        return std::nullopt;
      }
    } else if (letter == '}' || letter == ']') {
      if (--depth_ == 0) return scanned_;
    }
  }
  return std::nullopt;
}

}  // namespace sluice
