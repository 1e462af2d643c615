#include "services/tftp/window.h"

#include <gsl/assert>

namespace sluice {

void TftpWindow::on_sent(const TftpPlace& behind, bool last) {
  Expects(has_room() && !awaits_options());
  places_[++sent_] = behind;
  ended_ = last;
}

bool TftpWindow::expects(std::uint16_t block) const {
  if (awaits_options()) return block == 0;
  return static_cast<std::uint16_t>(block - static_cast<std::uint16_t>(next_)) < sent_;
}

TftpWindow::Answer TftpWindow::on_acknowledgment(std::uint16_t block) {
  if (!expects(block)) {
    if (!is_behind(block) || repeated_ || places_.size() <= 2) return Answer::kStale;
    repeated_ = true;
    return Answer::kRepeat;
  }
  repeated_ = false;
  if (awaits_options()) {
    next_ = 1;
    return Answer::kAdvanced;
  }
  const std::size_t arrived =
      static_cast<std::uint16_t>(block - static_cast<std::uint16_t>(next_)) + 1U;
  const bool completed = ended_ && arrived == sent_;
  next_ += arrived;
  places_[0] = places_[arrived];
  sent_ = 0;
  return completed ? Answer::kCompleted : Answer::kAdvanced;
}

}  // namespace sluice
