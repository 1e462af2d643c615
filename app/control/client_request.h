// The request that the words of `sluice ctl` are, for people who type it.
//
//   set_link a off                set_link name=a up=off
//   netdev_add stream,id=a,…      as behind -netdev
//   query-usernet max=10
//
// A word KEY=VALUE is an argument; others are what the command's arguments are in their order.

#ifndef SLUICE_APP_CONTROL_CLIENT_REQUEST_H_
#define SLUICE_APP_CONTROL_CLIENT_REQUEST_H_

#include <string>
#include <vector>

namespace sluice {

// `words` begins with the command. Returns one line with that id. Throws UsageError for words that
// have no place.
std::string client_request(const std::vector<std::string>& words, int id);

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_CLIENT_REQUEST_H_
