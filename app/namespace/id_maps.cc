#include "app/namespace/id_maps.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <sstream>

#include "app/namespace/failure.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The kernel takes a map in a single write. Returns errno, 0 when it was taken.
int write_file(const std::string& path, const std::string& text) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file) return errno;
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return errno;
  }
  return 0;
}

}  // namespace

std::string single_id_map(unsigned id, bool as_root) {
  return std::to_string(as_root ? 0 : id) + " " + std::to_string(id) + " 1\n";
}

std::string identity_map(std::string_view own) {
  std::string map;
  std::istringstream lines{std::string(own)};
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    unsigned long inside = 0;
    unsigned long outside = 0;
    unsigned long count = 0;
    if (!(words >> inside >> outside >> count)) continue;
    const std::string first = std::to_string(inside);
    map.append(first).append(" ").append(first).append(" ").append(std::to_string(count));
    map += '\n';
  }
  return map;
}

void write_single_id_maps(const std::string& directory, unsigned user, unsigned group,
                          bool as_root) {
  // Whoever can't map other groups must not drop them either: a group can be what denies access.
  int error = write_file(directory + "/setgroups", "deny");
  if (error == 0 || error == ENOENT) {
    error = write_file(directory + "/gid_map", single_id_map(group, as_root));
  }
  if (error == 0) error = write_file(directory + "/uid_map", single_id_map(user, as_root));
  if (error != 0) {
    fail(error,
         "can't map the user's ids into a user namespace" + explain_refused_user_namespace(error));
  }
}

void write_id_maps(pid_t child, bool as_root) {
  const std::string directory = "/proc/" + std::to_string(child);
  if (::geteuid() == 0) {
    const std::string users = identity_map(read_file("/proc/self/uid_map"));
    const std::string groups = identity_map(read_file("/proc/self/gid_map"));
    // Root of a container may lack what this takes; then it is one user among others.
    if (write_file(directory + "/uid_map", users) == 0) {
      const int error = write_file(directory + "/gid_map", groups);
      if (error != 0) fail(error, "can't map groups into a user namespace");
      return;
    }
  }
  write_single_id_maps(directory, ::geteuid(), ::getegid(), as_root);
}

}  // namespace sluice
