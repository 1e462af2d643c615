#include "app/namespace/mounts.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include <climits>

#include "app/namespace/failure.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

std::string real_path(const std::string& path) {
  struct Free {
    void operator()(char* text) const { std::free(text); }
  };
  const std::unique_ptr<char, Free> real(::realpath(path.c_str(), nullptr));
  if (!real) fail(errno, "can't find " + path + " (an empty file will do)");
  return real.get();
}

std::string name_of(const Descriptor& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

Descriptor open_path(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!file) fail(errno, "can't open " + path);
  return file;
}

// Another mount of what is mounted at `path`, at no place yet.
Descriptor copy_mount(const std::string& path) {
  return Descriptor(::open_tree(AT_FDCWD, path.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

// A file system in memory over a directory, for as long as this object lives. What was opened on it
// lives on.
class Scratch {
 public:
  explicit Scratch(std::string directory) : directory_(std::move(directory)) {
    if (::mount("sluice", directory_.c_str(), "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                "size=64k,mode=755") != 0) {
      fail(errno, "can't mount a file system in memory on " + directory_);
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { ::umount2(directory_.c_str(), MNT_DETACH); }

  Descriptor make_file(const std::string& content) const {
    const std::string path = directory_ + "/file";
    const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file || ::fchmod(file.get(), 0644) != 0 ||
        ::write(file.get(), content.data(), content.size()) !=
            static_cast<ssize_t>(content.size())) {
      fail(errno, "can't write a file in memory");
    }
    return open_path(path);
  }

 private:
  std::string directory_;
};

}  // namespace

void separate_mounts() {
  if (::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) != 0) {
    fail(errno, "can't separate the mounts of the new namespace from the host's");
  }
}

bool mount_proc() {
  return ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0;
}

bool mount_sys() {
  // Control groups are mounted below the old /sys, and stay what they are.
  const Descriptor groups(
      ::open_tree(AT_FDCWD, "/sys/fs/cgroup", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE));
  constexpr unsigned long kFlags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  // Where the host's own is read-only, so must this one be.
  if (::mount("sysfs", "/sys", "sysfs", kFlags, nullptr) != 0 &&
      ::mount("sysfs", "/sys", "sysfs", kFlags | MS_RDONLY, nullptr) != 0) {
    return false;
  }
  if (groups) {
    ::move_mount(groups.get(), "", AT_FDCWD, "/sys/fs/cgroup", MOVE_MOUNT_F_EMPTY_PATH);
  }
  return true;
}

void ReplacedFiles::replace(const std::string& path, const std::string& content) {
  const std::string real = real_path(path);
  struct stat status {};
  // A device that a link leads to is also used under its own name.
  if (::stat(real.c_str(), &status) != 0 ||
      !(S_ISREG(status.st_mode) || S_ISSOCK(status.st_mode))) {
    fail(EINVAL, "can't replace " + path + ", which is no ordinary file");
  }
  // Opened first: its directory is about to be covered. That directory certainly exists, and
  // nobody else is in this namespace yet who could miss what is in it.
  const Descriptor target = open_path(real);
  const Scratch scratch(real.substr(0, std::max<std::size_t>(real.rfind('/'), 1)));
  const Descriptor source = scratch.make_file(content);
  if (::mount(name_of(source).c_str(), name_of(target).c_str(), nullptr, MS_BIND, nullptr) != 0) {
    fail(errno, "can't replace " + path + " for the command");
  }
  ::fstat(source.get(), &status);
  Descriptor copy = copy_mount(name_of(source));
  // Without it, which takes Linux 5.2, the file is replaced until somebody outside replaces it.
  if (!copy) return;
  replacements_.push_back(
      {.path = path, .device = status.st_dev, .inode = status.st_ino, .copy = std::move(copy)});
  if (!changes_) changes_.reset(::open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
}

void ReplacedFiles::hide_socket(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
  replace(path, "");
}

bool ReplacedFiles::keep_up() {
  bool complete = true;
  for (Replacement& replacement : replacements_) {
    struct stat status {};
    if (::stat(replacement.path.c_str(), &status) != 0) {
      complete = false;
      continue;
    }
    if (status.st_dev == replacement.device && status.st_ino == replacement.inode) continue;
    if (::move_mount(replacement.copy.get(), "", AT_FDCWD, replacement.path.c_str(),
                     MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) == 0) {
      replacement.copy = copy_mount(replacement.path);
    } else if (errno == ENOENT) {
      complete = false;  // what was found is being removed
    }
  }
  return complete;
}

std::vector<int> ReplacedFiles::descriptors() const {
  std::vector<int> all = {changes_.get()};
  for (const Replacement& replacement : replacements_) all.push_back(replacement.copy.get());
  return all;
}

std::string resolv_conf_text(const IpAddress& name_server, const std::vector<std::string>& search) {
  std::string text = "# Made by sluice; the host's own is untouched.\nnameserver " +
                     name_server.to_string() + "\n";
  if (!search.empty()) {
    text += "search";
    for (const std::string& domain : search) text += " " + domain;
    text += "\n";
  }
  return text;
}

}  // namespace sluice
