// The system calls that the program makes once it runs, and no others.
//
// The list allows: what a filter of wrong calls does not know is allowed, and the kernel gets new
// ones with each release. A network that is set up needs little: its descriptors, sockets of the
// two IP families, memory that is not executable, files opened to be read (resolv.conf), clocks. A
// call that is not on the list fails with ENOSYS, as on a kernel that does not have it, so that a C
// library that tries something newer first goes on with what is on the list. Calls that nobody but
// an intruder would make, such as execve, ptrace or mount, end the process.

#ifndef SLUICE_APP_SLIRP4NETNS_SYSTEM_CALLS_H_
#define SLUICE_APP_SLIRP4NETNS_SYSTEM_CALLS_H_

namespace sluice {

// From here on, and for good. Throws std::system_error if the kernel has no such filters.
void restrict_system_calls();

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_SYSTEM_CALLS_H_
