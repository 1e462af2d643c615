// Which user and group ids mean what inside a user namespace.
//
// An ordinary user may map one id: their own, onto itself or onto root. Root may map all there are,
// and does: a command that root runs inside finds every file's owner and can become another user,
// as outside.

#ifndef SLUICE_APP_NAMESPACE_ID_MAPS_H_
#define SLUICE_APP_NAMESPACE_ID_MAPS_H_

#include <sys/types.h>

#include <string>
#include <string_view>

namespace sluice {

// What is written to /proc/PID/uid_map and gid_map (user_namespaces(7)): lines of "first id inside,
// first id outside, how many".

// `id`, and nothing else, is `id` or 0 inside.
std::string single_id_map(unsigned id, bool as_root);
// Every id that the map `own`, as read from /proc/self/uid_map, knows is itself. Lines that can't
// be read are left out.
std::string identity_map(std::string_view own);

// Maps one user and one group onto themselves, or root, for the process whose directory in /proc is
// given. Throws std::system_error.
void write_single_id_maps(const std::string& directory, unsigned user, unsigned group,
                          bool as_root = false);

// Maps the ids of the caller for the namespace of process `child`, which the caller has made.
// Throws std::system_error.
void write_id_maps(pid_t child, bool as_root);

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_ID_MAPS_H_
