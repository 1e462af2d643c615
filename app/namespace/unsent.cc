#include "app/namespace/unsent.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace sluice {
namespace {

// States of a connection that was closed here and whose FIN has not been acknowledged, as Linux
// numbers them (include/net/tcp_states.h).
// FIN_WAIT1, LAST_ACK, CLOSING.
constexpr std::array<std::uint64_t, 3> kUnacknowledged = {4, 9, 11};

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

// The word at `index` of a line, empty if there are fewer.
std::string_view word(std::string_view line, unsigned index) {
  for (;;) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::size_t end = std::min(line.find(' '), line.size());
    if (index == 0 || line.empty()) return line.substr(0, end);
    line.remove_prefix(end);
    --index;
  }
}

std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Unsent parse_unsent(std::string_view table) {
  // sl  local_address rem_address st tx_queue:rx_queue …
  constexpr unsigned kStateWord = 3;
  constexpr unsigned kQueuesWord = 4;
  Unsent unsent;
  while (!table.empty()) {
    const std::size_t end = std::min(table.find('\n'), table.size());
    const std::string_view line = table.substr(0, end);
    table.remove_prefix(std::min(end + 1, table.size()));
    const auto state = parse_hex(word(line, kStateWord));
    if (!state || std::ranges::find(kUnacknowledged, *state) == kUnacknowledged.end()) continue;
    ++unsent.connections;
    unsent.bytes += parse_hex(word(line, kQueuesWord)).value_or(0);
  }
  return unsent;
}

bool UnsentWatch::is_moving() {
  const Unsent v4 = parse_unsent(read_file("/proc/self/net/tcp"));
  const Unsent v6 = parse_unsent(read_file("/proc/self/net/tcp6"));
  const Unsent now{.connections = v4.connections + v6.connections, .bytes = v4.bytes + v6.bytes};
  const auto time = std::chrono::steady_clock::now();
  if (now != last_) {
    last_ = now;
    moved_at_ = time;
  }
  return now.connections != 0 && time - moved_at_ < kPatience;
}

int UnsentWatch::pause_milliseconds() {
  constexpr int kLongest = 50;
  const int pause = pause_;
  pause_ = std::min(pause_ * 2, kLongest);
  return pause;
}

}  // namespace sluice
