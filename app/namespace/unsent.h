// Whether the kernel still has something to send for sockets that nobody holds any more.
//
// When a process ends, the kernel goes on to deliver what it wrote to its TCP connections. In a
// namespace that goes away with its last process this would be cut short: a command that uploads
// and exits would lose the end. So whoever ends the namespace looks at its connections first, and
// waits while their queues shrink. A receiver that is slow lets them shrink in large steps, so it
// takes some patience to tell it from one that is gone.

#ifndef SLUICE_APP_NAMESPACE_UNSENT_H_
#define SLUICE_APP_NAMESPACE_UNSENT_H_

#include <chrono>
#include <cstdint>
#include <string_view>

namespace sluice {

struct Unsent {
  std::uint64_t connections = 0;  // closed here, and not everything is acknowledged
  std::uint64_t bytes = 0;

  friend bool operator==(const Unsent&, const Unsent&) = default;
};

// Reads /proc/net/tcp or tcp6 (proc(5)). Lines that can't be read count nothing.
Unsent parse_unsent(std::string_view table);

class UnsentWatch {
 public:
  // False when nothing is left to send, or nothing has moved for kPatience.
  bool is_moving();
  // What was left when is_moving() last looked.
  const Unsent& left() const { return last_; }
  // How long to wait before asking again: short at first, because mostly all is done at once.
  int pause_milliseconds();

  static constexpr std::chrono::milliseconds kPatience{10'000};

 private:
  Unsent last_;
  std::chrono::steady_clock::time_point moved_at_ = std::chrono::steady_clock::now();
  int pause_ = 1;
};

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_UNSENT_H_
