// The SMB share: a real smbd for each connection, as QEMU does it.
//
// smbd finds everything it writes in a private directory that goes away with Sluice, and lets a
// guest in without a password as the user that Sluice runs as. A connection to the SMB address is a
// guestfwd to the command; that its standard input is a TCP socket tells smbd to serve that one
// client and to end with it (inetd's way).

#ifndef SLUICE_APP_SMB_H_
#define SLUICE_APP_SMB_H_

#include <string>
#include <vector>

#include "app/private_directory.h"
#include "nat/config.h"

namespace sluice {

// The configuration of an smbd that keeps its files in `directory` and shares `share` as "qemu",
// where everything happens as `user`.
std::string smb_conf_text(const std::string& directory, const std::string& share,
                          const std::string& user);

class SmbShare {
 public:
  // Shares the directory `share`. Throws std::system_error when it is not there, when there is no
  // smbd, or when the private directory can't be made.
  explicit SmbShare(const std::string& share);

  // The forwards that a Nat needs: ports 445 and 139 of `server`.
  std::vector<GuestForward> forwards(const IpAddress& server) const;

 private:
  std::string program_;
  PrivateDirectory directory_;
};

}  // namespace sluice

#endif  // SLUICE_APP_SMB_H_
