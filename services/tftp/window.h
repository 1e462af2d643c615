// Which blocks of a transfer are on their way (RFC 7440; a window of one block is RFC 1350).
//
// Blocks are numbered from 1 without end here, and by 16 bits on the wire, where 0 follows 65535.
// Number 0 stands for the option acknowledgment, which is answered like a block. The window begins
// at the first block that is not acknowledged and knows where in the file each of its blocks
// begins, so that it can be sent again from any of them on.
//
// An acknowledgment of a block of the window moves the window behind it. The block in front of it,
// acknowledged again, says that its first block was lost; a window of several blocks is then sent
// again, but only once, and a single block is not: answering each copy of an acknowledgment by a
// copy of a block doubles everything from there on ("Sorcerer's Apprentice", RFC 1123, section
// 4.2.3.1). What that leaves unsent, the timer sends.

#ifndef SLUICE_SERVICES_TFTP_WINDOW_H_
#define SLUICE_SERVICES_TFTP_WINDOW_H_

#include <cstdint>
#include <vector>

#include "services/tftp/file_reader.h"

namespace sluice {

class TftpWindow {
 public:
  // A window of `blocks` blocks. With `options`, it begins at the option acknowledgment.
  TftpWindow(std::size_t blocks, bool options)
      : first_(options ? 0 : 1), next_(first_), places_(blocks + 1) {}

  // Sending. The option acknowledgment is due, and nothing else is:
  bool awaits_options() const { return next_ == 0; }
  // Starts anew at the first block that is not acknowledged.
  void rewind() { sent_ = 0; }
  // Another block may be sent.
  bool has_room() const { return sent_ + 1 < places_.size() && !(sent_ > 0 && ended_); }
  // That block's number on the wire and its place in the file. Only if has_room().
  std::uint16_t block() const { return static_cast<std::uint16_t>(next_ + sent_); }
  const TftpPlace& place() const { return places_[sent_]; }
  // It was sent; the one behind it begins at `behind`, unless it was the `last` one.
  void on_sent(const TftpPlace& behind, bool last);
  // The whole window is sent again for want of an answer: copies of acknowledgments count anew.
  void on_timeout() { repeated_ = false; }

  // Receiving.
  enum class Answer : std::uint8_t {
    kAdvanced,   // there is more to send
    kCompleted,  // the last block has arrived
    kRepeat,     // the window is to be sent again
    kStale,      // nothing follows from it
  };
  Answer on_acknowledgment(std::uint16_t block);
  // The block is part of what is on its way.
  bool expects(std::uint16_t block) const;
  // The block is the one acknowledged last.
  bool is_behind(std::uint16_t block) const {
    return has_begun() && block == static_cast<std::uint16_t>(next_ - 1);
  }
  // Something was acknowledged.
  bool has_begun() const { return next_ > first_; }

 private:
  std::uint64_t first_;  // 0 with options, else 1
  std::uint64_t next_;   // the first block that is not acknowledged
  std::size_t sent_ = 0;
  bool ended_ = false;             // the last of the blocks sent is the file's last
  bool repeated_ = false;          // the window was sent again for an acknowledgment's copy
  std::vector<TftpPlace> places_;  // where the blocks from next_ on begin; one more than blocks
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_TFTP_WINDOW_H_
