#include "app/namespace/failure.h"

#include <cerrno>
#include <fstream>
#include <optional>
#include <system_error>

namespace sluice {
namespace {

std::optional<long> read_setting(const char* path) {
  std::ifstream file(path);
  long value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

}  // namespace

void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

std::string explain_refused_user_namespace(int error) {
  if (read_setting("/proc/sys/user/max_user_namespaces") == 0) {
    return " (they are switched off; as root: 'sysctl -w user.max_user_namespaces=10000')";
  }
  if (error == ENOSPC) {
    return " (too many of them, or nested too deep; as root: 'sysctl -w "
           "user.max_user_namespaces=10000')";
  }
  if (read_setting("/proc/sys/kernel/unprivileged_userns_clone") == 0) {
    return " (only root may make them; as root: 'sysctl -w kernel.unprivileged_userns_clone=1')";
  }
  if (read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1) {
    return " (AppArmor restricts them; as root: 'sysctl -w "
           "kernel.apparmor_restrict_unprivileged_userns=0', or give sluice a profile with "
           "'userns,')";
  }
  if (error == EPERM) {
    return " (a container or a security module forbids them; allow the system calls clone and "
           "unshare with CLONE_NEWUSER, as docker does with '--security-opt seccomp=unconfined')";
  }
  if (error == EINVAL || error == ENOSYS) {
    return " (this kernel lacks CONFIG_USER_NS, CONFIG_NET_NS or CONFIG_PID_NS)";
  }
  return "";
}

}  // namespace sluice
