#include "app/unix_listener.h"

#include <system_error>

namespace sluice {
namespace {

std::string hint_for(std::errc error) {
  switch (error) {
    case std::errc::filename_too_long:
      return " (a socket's path has 1 to 107 characters)";
    case std::errc::file_exists:
      return " (there is something that is no socket)";
    case std::errc::address_in_use:
      return " (another process listens there)";
    default:
      return "";
  }
}

}  // namespace

Descriptor UnixListener::listen_at(const std::string& path, int type, mode_t mode) {
  OpenedSocket opened = listen_unix(path, type, mode);
  if (!opened.descriptor) {
    throw std::system_error(std::make_error_code(opened.error),
                            "can't listen at '" + path + "'" + hint_for(opened.error));
  }
  return std::move(opened.descriptor);
}

}  // namespace sluice
