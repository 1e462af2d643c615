// Connections that wait at a listener.

#ifndef SLUICE_POSIX_ACCEPTOR_H_
#define SLUICE_POSIX_ACCEPTOR_H_

#include <optional>
#include <system_error>

#include "posix/descriptor.h"
#include "stack/address.h"

namespace sluice {

// Takes waiting connections off a listener, also when this process has no descriptor left.
class Acceptor {
 public:
  struct Result {
    Descriptor descriptor;  // none and operation_would_block when nobody waits
    std::errc error{};
    std::optional<Endpoint> peer;
  };

  Acceptor();
  // Connections that ended while they waited are passed over. Without a descriptor for them, all
  // that wait are reset, so that none of them waits for an edge that does not come; the error is
  // too_many_files_open or too_many_files_open_in_system.
  Result accept(int listener);

 private:
  void shed(int listener);

  Descriptor spare_;  // given up to accept a connection only to close it
};

}  // namespace sluice

#endif  // SLUICE_POSIX_ACCEPTOR_H_
