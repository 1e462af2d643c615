#include "app/summary.h"

#include <string_view>

namespace sluice {
namespace {

void add_line(std::string& text, std::string_view name, std::uint64_t count) {
  constexpr std::size_t kColumn = 24;
  text += name;
  text.append(name.size() < kColumn ? kColumn - name.size() : 1, ' ');
  text += std::to_string(count);
  text += '\n';
}

}  // namespace

std::string summary_of(const Counters& counters) {
  std::string text;
  add_line(text, "frames from the guest", counters.frames_in);
  add_line(text, "bytes from the guest", counters.bytes_in);
  add_line(text, "frames to the guest", counters.frames_out);
  add_line(text, "bytes to the guest", counters.bytes_out);
  add_line(text, "tcp flows", counters.tcp_flows);
  add_line(text, "udp flows", counters.udp_flows);
  add_line(text, "echo flows", counters.echo_flows);
  std::uint64_t dropped = 0;
  for (const std::uint64_t count : counters.drops) dropped += count;
  add_line(text, "dropped", dropped);
  for (std::size_t i = 0; i < counters.drops.size(); ++i) {
    if (counters.drops.at(i) == 0) continue;
    const auto name = "  " + std::string(drop_name(static_cast<Drop>(i)));
    add_line(text, name, counters.drops.at(i));
  }
  return text;
}

}  // namespace sluice
