#include "app/unix_listener.h"

#include <system_error>

namespace sluice {
Descriptor UnixListener::listen_at(const std::string& path, int type, mode_t mode) {
  OpenedSocket opened = listen_unix(path, type, mode);
  if (!opened.descriptor) {
    throw std::system_error(std::make_error_code(opened.error),
                            "can't listen at '" + path + "'" + hint_for_binding(opened.error));
  }
  return std::move(opened.descriptor);
}

}  // namespace sluice
