#include "app/slirp4netns/sandbox.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "app/namespace/failure.h"
#include "app/namespace/id_maps.h"

namespace sluice {
namespace {

constexpr unsigned long kHarmless = MS_NOSUID | MS_NODEV | MS_NOEXEC;

void separate() {
  if (::unshare(CLONE_NEWNS) == 0) return;
  if (errno != EPERM) fail(errno, "--enable-sandbox: can't make a mount namespace");
  const uid_t user = ::geteuid();
  const gid_t group = ::getegid();
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
    const int error = errno;
    fail(error, "--enable-sandbox: can't make a user and a mount namespace" +
                    explain_refused_user_namespace(error));
  }
  write_single_id_maps("/proc/self", user, group);
}

void mount_at(const char* source, const std::string& target, const char* type, unsigned long flags,
              const char* data = nullptr) {
  if (::mount(source, target.c_str(), type, flags, data) != 0) {
    fail(errno, "--enable-sandbox: can't mount " + target);
  }
}

// Shows a directory of the host's, and what is mounted in it, below the new root.
void keep(const std::string& directory, const std::string& root) {
  const std::string target = root + directory;
  if (::mkdir(target.c_str(), 0755) != 0) fail(errno, "--enable-sandbox: can't make " + target);
  mount_at(directory.c_str(), target, nullptr, MS_BIND | MS_REC);
  mount_attr attributes{};
  attributes.attr_set =
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (::mount_setattr(AT_FDCWD, target.c_str(), AT_RECURSIVE, &attributes, sizeof attributes) ==
      0) {
    return;
  }
  // Before Linux 5.12 only the directory itself can be made so in one call.
  mount_at(nullptr, target, nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kHarmless);
}

void replace_root() {
  // It only has to exist: what is in it is covered, here and for this process alone.
  const std::string root = "/tmp";
  mount_at("none", "/", nullptr, MS_REC | MS_PRIVATE);
  mount_at("sluice", root, "tmpfs", kHarmless, "size=64k,mode=755");
  keep("/etc", root);
  keep("/run", root);
  const std::string old = root + "/old";
  if (::mkdir(old.c_str(), 0700) != 0 || ::chdir(root.c_str()) != 0 ||
      ::syscall(SYS_pivot_root, root.c_str(), old.c_str()) != 0 || ::chdir("/") != 0 ||
      ::umount2("/old", MNT_DETACH) != 0 || ::rmdir("/old") != 0) {
    fail(errno, "--enable-sandbox: can't replace the root directory");
  }
  mount_at(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | kHarmless);
}

void drop_capabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  // The kernel knows more of them than its headers, or fewer, and says where they end. Without the
  // right to do this there is none that a program could get back.
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
       ++capability) {
    if (capability != CAP_NET_BIND_SERVICE) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) != 0) {
    fail(errno, "--enable-sandbox: can't ask for the capabilities");
  }
  constexpr std::uint32_t kKept = 1U << CAP_NET_BIND_SERVICE;
  const std::uint32_t kept = sets[0].permitted & kKept;
  sets[0] = {.effective = kept, .permitted = kept, .inheritable = kept};
  sets[1] = {};
  if (::syscall(SYS_capset, &header, sets.data()) != 0) {
    fail(errno, "--enable-sandbox: can't give up capabilities");
  }
}

}  // namespace

void enter_sandbox() {
  separate();
  replace_root();
  drop_capabilities();
}

}  // namespace sluice
