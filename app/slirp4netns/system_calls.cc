#include "app/slirp4netns/system_calls.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <string>
#include <system_error>

namespace sluice {
namespace {

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), "--enable-seccomp: " + what);
}

// Whatever their arguments are. Some only exist on some machines.
constexpr std::array kAllowed = {
    // descriptors: the loop, the tap, sockets, the API
    "accept4",
    "bind",
    "close",
    "connect",
    "epoll_ctl",
    "epoll_pwait",
    "epoll_wait",
    "fcntl",
    "fcntl64",
    "getpeername",
    "getsockname",
    "getsockopt",
    "listen",
    "ppoll",
    "poll",
    "read",
    "readv",
    "recv",
    "recvfrom",
    "recvmmsg",
    "recvmsg",
    "send",
    "sendmmsg",
    "sendmsg",
    "sendto",
    "setsockopt",
    "shutdown",
    "timerfd_settime",
    "write",
    "writev",
    // files: what resolv.conf says, and the API socket's at the end
    "fstat",
    "fstat64",
    "fstatat64",
    "lseek",
    "lstat",
    "newfstatat",
    "stat",
    "statx",
    "unlink",
    "unlinkat",
    // memory, and what a sanitizer's build asks about it
    "brk",
    "madvise",
    "mremap",
    "munmap",
    "pipe",
    "pipe2",
    "readlink",
    "readlinkat",
    "sigaltstack",
    // time and chance
    "clock_gettime",
    "clock_gettime64",
    "clock_nanosleep",
    "gettimeofday",
    "getrandom",
    "nanosleep",
    "sched_yield",
    // signals and the end
    "exit",
    "exit_group",
    "futex",
    "getpid",
    "gettid",
    "restart_syscall",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "sigreturn",
    "tgkill",
};

// With these the process ends, and the system's log tells: they are no mistake of a library.
constexpr std::array kDeadly = {
    "add_key",
    "bpf",
    "chroot",
    "clone",
    "clone3",
    "delete_module",
    "execve",
    "execveat",
    "finit_module",
    "fork",
    "fsconfig",
    "fsmount",
    "fsopen",
    "init_module",
    "io_uring_setup",
    "kexec_load",
    "keyctl",
    "mount",
    "move_mount",
    "open_by_handle_at",
    "open_tree",
    "perf_event_open",
    "pidfd_getfd",
    "pidfd_open",
    "pivot_root",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "reboot",
    "request_key",
    "setns",
    "swapon",
    "umount",
    "umount2",
    "unshare",
    "userfaultfd",
    "vfork",
};

class Filter {
 public:
  Filter() : context_(::seccomp_init(SCMP_ACT_ERRNO(ENOSYS)), &::seccomp_release) {
    if (!context_) fail(ENOMEM, "can't make a filter");
  }

  void add(std::uint32_t action, const char* name,
           std::initializer_list<scmp_arg_cmp> conditions = {}) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) return;  // not of this machine, or newer than the library
    const int result =
        ::seccomp_rule_add_array(context_.get(), action, number,
                                 static_cast<unsigned>(conditions.size()), conditions.begin());
    // A call that another one carries on this machine (socketcall) can't always be looked at.
    if (result != 0 && result != -EDOM) {
      fail(-result, std::string("can't make a rule for ") + name);
    }
  }

  void load() {
    const int result = ::seccomp_load(context_.get());
    if (result != 0) {
      fail(-result, "can't load the filter (this takes a kernel with CONFIG_SECCOMP_FILTER)");
    }
  }

 private:
  std::unique_ptr<void, decltype(&::seccomp_release)> context_;
};

scmp_arg_cmp is(unsigned argument, std::uint64_t value) {
  return {.arg = argument, .op = SCMP_CMP_EQ, .datum_a = value, .datum_b = 0};
}
scmp_arg_cmp has_bits(unsigned argument, std::uint64_t mask, std::uint64_t bits) {
  return {.arg = argument, .op = SCMP_CMP_MASKED_EQ, .datum_a = mask, .datum_b = bits};
}

}  // namespace

void restrict_system_calls() {
  Filter filter;
  for (const char* const name : kAllowed) filter.add(SCMP_ACT_ALLOW, name);
  for (const char* const name : kDeadly) filter.add(SCMP_ACT_KILL_PROCESS, name);
  for (const int family : {AF_INET, AF_INET6}) {
    filter.add(SCMP_ACT_ALLOW, "socket", {is(0, static_cast<std::uint64_t>(family))});
  }
  constexpr unsigned kFlagsOfOpenat = 2;
  constexpr unsigned kFlagsOfOpen = 1;
  filter.add(SCMP_ACT_ALLOW, "openat", {has_bits(kFlagsOfOpenat, O_ACCMODE, O_RDONLY)});
  filter.add(SCMP_ACT_ALLOW, "open", {has_bits(kFlagsOfOpen, O_ACCMODE, O_RDONLY)});
  constexpr unsigned kProtection = 2;
  for (const char* const name : {"mmap", "mmap2", "mprotect"}) {
    filter.add(SCMP_ACT_ALLOW, name, {has_bits(kProtection, PROT_EXEC, 0)});
  }
  filter.load();
}

}  // namespace sluice
