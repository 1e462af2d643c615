// Telling whoever started the program that everything works.
//
// A descriptor that the caller has opened gets a word and is closed: a shell can wait for the line,
// another program for the end.

#ifndef SLUICE_APP_READY_DESCRIPTOR_H_
#define SLUICE_APP_READY_DESCRIPTOR_H_

#include <optional>
#include <string>
#include <string_view>

#include "posix/descriptor.h"

namespace sluice {

class ReadyDescriptor {
 public:
  // Takes over descriptor `number` of the caller, or none. Throws UsageError if it is not open.
  explicit ReadyDescriptor(std::optional<int> number);

  // Writes `word` and closes it. That nobody listens any more is said and nothing else.
  void announce(std::string_view word);

 private:
  Descriptor descriptor_;
};

// Says so to all who wait: `line` on standard output, or on standard error where the other is the
// capture's, and 1 to the descriptor.
void announce(ReadyDescriptor& ready, const std::string& line, bool stdout_is_capture);

}  // namespace sluice

#endif  // SLUICE_APP_READY_DESCRIPTOR_H_
