#include "posix/socket_file.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "posix/socket_address.h"

namespace sluice {
namespace {

std::errc last_error() {
  return static_cast<std::errc>(errno);
}

const sockaddr* raw(const sockaddr_un& address) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what the system calls ask for.
  return reinterpret_cast<const sockaddr*>(&address);
}

bool is_socket(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

// Whether nobody has the socket any more whose file is there. Of which type it was is not known.
bool is_left_behind(const sockaddr_un& address) {
  for (const int type : {SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM}) {
    const Descriptor probe(::socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!probe || ::connect(probe.get(), raw(address), sizeof address) == 0) return false;
    if (errno == ECONNREFUSED) return true;
    if (errno != EPROTOTYPE) return false;
  }
  return false;
}

}  // namespace

std::errc bind_socket_file(const Descriptor& socket, const std::string& path, mode_t mode) {
  const std::optional<sockaddr_un> address = unix_address(path);
  if (!address) return std::errc::filename_too_long;
  // Before there is a file, so that it never has others (Linux).
  if (::fchmod(socket.get(), mode) < 0) return last_error();
  if (::bind(socket.get(), raw(*address), sizeof *address) == 0) return {};
  if (errno != EADDRINUSE) return last_error();
  if (!is_socket(path)) return std::errc::file_exists;
  if (!is_left_behind(*address)) return std::errc::address_in_use;
  if (::unlink(path.c_str()) < 0) return last_error();
  return ::bind(socket.get(), raw(*address), sizeof *address) == 0 ? std::errc{} : last_error();
}

std::string hint_for_binding(std::errc error) {
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

SocketFile::SocketFile(std::string path) : path_(std::move(path)) {
  struct stat status {};
  if (::lstat(path_.c_str(), &status) < 0) {
    path_.clear();
    return;
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
}

SocketFile::~SocketFile() {
  struct stat status {};
  if (path_.empty() || ::lstat(path_.c_str(), &status) < 0) return;
  if (status.st_dev == device_ && status.st_ino == inode_) ::unlink(path_.c_str());
}

}  // namespace sluice
