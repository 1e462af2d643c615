// Which links `sluice run` has, and how they meet: what its options --netdev, --nic, --device and
// --object say of each other.

#ifndef SLUICE_APP_CLI_RUN_LINKS_H_
#define SLUICE_APP_CLI_RUN_LINKS_H_

#include <string>
#include <vector>

#include "app/cli/invocation.h"

namespace sluice {

// The values of these options, each in the order they were given.
struct LinkWords {
  const std::vector<std::string>& netdevs;
  const std::vector<std::string>& nics;
  const std::vector<std::string>& devices;
  const std::vector<std::string>& objects;
};

// Adds the links to `run`. Cards that were given no address get one each. Throws UsageError for a
// value that can't be read, for two links with one id, and for one that names a netdev which is not
// there.
void add_links(RunInvocation& run, const LinkWords& words);

}  // namespace sluice

#endif  // SLUICE_APP_CLI_RUN_LINKS_H_
