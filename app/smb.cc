#include "app/smb.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace sluice {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

std::string find_program() {
  for (const auto* path :
       {"/usr/sbin/smbd", "/usr/local/sbin/smbd", "/usr/local/samba/sbin/smbd"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  fail(ENOENT, "can't find smbd for smb= (as root: 'apt-get install samba')");
}

std::string check_share(const std::string& share) {
  struct stat status {};
  if (::stat(share.c_str(), &status) != 0) fail(errno, "can't share " + share);
  if (!S_ISDIR(status.st_mode)) fail(ENOTDIR, "can't share " + share);
  if (::access(share.c_str(), R_OK | X_OK) != 0) fail(errno, "can't read " + share);
  return std::filesystem::canonical(share);
}

std::string user_name() {
  const passwd* const user = ::getpwuid(::geteuid());
  if (user == nullptr) {
    fail(ENOENT, "can't find the name of user " + std::to_string(::geteuid()) +
                     " for smb= (smbd serves users that /etc/passwd names)");
  }
  return user->pw_name;
}

// For a command line that is split as a shell splits it.
std::string quote(std::string_view word) {
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

}  // namespace

std::string smb_conf_text(const std::string& directory, const std::string& share,
                          const std::string& user) {
  const std::array<std::string_view, 5> directories = {
      "private dir", "pid directory", "lock directory", "state directory", "cache directory"};
  std::string text = "[global]\n";
  for (const std::string_view name : directories) {
    text.append(name).append(" = ").append(directory).append("\n");
  }
  text.append("ncalrpc dir = ").append(directory).append("/ncalrpc\n");
  text.append("log file = ").append(directory).append("/log.smbd\n");
  text.append("smb passwd file = ").append(directory).append("/smbpasswd\n");
  text +=
      "server role = standalone server\n"
      "security = user\n"
      "map to guest = Bad User\n";
  text.append("guest account = ").append(user).append("\n");
  text +=
      "interfaces = 127.0.0.1\n"
      "bind interfaces only = yes\n"
      "load printers = no\n"
      "printing = bsd\n"
      "disable spoolss = yes\n"
      "usershare max shares = 0\n"
      "[qemu]\n";
  text.append("path = ").append(share).append("\n");
  text +=
      "read only = no\n"
      "guest ok = yes\n"
      // Not "force user": what smbd, when it isn't root, takes for that user is not what it takes
      // for the owner of the user's files, and so it lets nobody write.
      "guest only = yes\n";
  return text;
}

SmbShare::SmbShare(const std::string& share) : program_(find_program()), directory_("sluice-smb") {
  const std::string& directory = directory_.path();
  // Through a link of a name that is our own, because a path may hold what smb.conf gives another
  // meaning, as '%'.
  const std::string link = directory + "/share";
  std::error_code error;
  std::filesystem::create_symlink(check_share(share), link, error);
  if (error) fail(error.value(), "can't make a link in " + directory);
  const std::string path = directory + "/smb.conf";
  std::ofstream file(path);
  file << smb_conf_text(directory, link, user_name());
  file.close();
  if (!file) fail(EIO, "can't write " + path);
}

std::vector<GuestForward> SmbShare::forwards(const IpAddress& server) const {
  constexpr std::array<std::uint16_t, 2> kPorts = {445, 139};
  const std::string& directory = directory_.path();
  const Command command{
      .line = program_ + " -l " + quote(directory) + " -s " + quote(directory + "/smb.conf"),
      .wants_tcp = true};
  std::vector<GuestForward> forwards;
  forwards.reserve(kPorts.size());
  for (const std::uint16_t port : kPorts) {
    forwards.push_back({.server = {.address = server, .port = port}, .target = command});
  }
  return forwards;
}

}  // namespace sluice
