// Giving up what the program needs no more once its network is set up.

#ifndef SLUICE_APP_SLIRP4NETNS_SANDBOX_H_
#define SLUICE_APP_SLIRP4NETNS_SANDBOX_H_

namespace sluice {

// Moves the process into a mount namespace in which there is nothing but /etc and /run, read-only:
// what a name server's address takes to find. Then gives up every capability but
// CAP_NET_BIND_SERVICE, for forwarded ports, and for good. Without the privilege for that, the
// mount namespace belongs to a new user namespace with this user alone in it. The process has one
// thread. Throws std::system_error.
void enter_sandbox();

}  // namespace sluice

#endif  // SLUICE_APP_SLIRP4NETNS_SANDBOX_H_
