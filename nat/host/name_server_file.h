// The NameServers port over a file in the format of resolv.conf(5), and over a fixed list.
//
// The parser is an argument, so that this room need not know the service that owns it.

#ifndef SLUICE_NAT_HOST_NAME_SERVER_FILE_H_
#define SLUICE_NAT_HOST_NAME_SERVER_FILE_H_

#include <sys/types.h>

#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "nat/name_servers.h"

namespace sluice {

// Looks whether the file has changed at most once a second, and reads it only then.
class NameServerFile final : public NameServers {
 public:
  using Parser = std::vector<Endpoint> (*)(std::string_view);

  NameServerFile(std::string path, Parser parse);

  // None while the file is missing or can't be read.
  gsl::span<const Endpoint> current(Time now) override;

  // What is behind this many bytes is not read.
  static constexpr std::size_t kMaxSize = std::size_t{64} << 10;

 private:
  // What changes when the file does: it is written in place or, as most programs do, replaced.
  struct Version {
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::pair<time_t, long> modified;
    std::pair<time_t, long> changed;

    friend bool operator==(const Version&, const Version&) = default;
  };

  std::optional<Version> version() const;
  void read();

  std::string path_;
  Parser parse_;
  std::optional<Time> looked_;
  std::optional<Version> version_;  // that servers_ come from
  std::vector<Endpoint> servers_;
};

// The name servers that a command line names.
class FixedNameServers final : public NameServers {
 public:
  explicit FixedNameServers(std::vector<Endpoint> servers) : servers_(std::move(servers)) {}
  gsl::span<const Endpoint> current(Time) override { return servers_; }

 private:
  std::vector<Endpoint> servers_;
};

}  // namespace sluice

#endif  // SLUICE_NAT_HOST_NAME_SERVER_FILE_H_
