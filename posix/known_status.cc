#include "posix/known_status.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>

#include "posix/small_file.h"

namespace sluice {
namespace {

// The rest of the first line that begins with `start`; empty if there is none.
std::string_view line_after(std::string_view text, std::string_view start) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(start)) return line.substr(start.size());
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return {};
}

}  // namespace

std::optional<KnownStatus> known_status(const Descriptor& file) {
  struct statx status {};
  if (::statx(file.get(), "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &status) < 0) {
    return std::nullopt;
  }
  return KnownStatus{.type = static_cast<mode_t>(status.stx_mode & S_IFMT),
                     .size = status.stx_size,
                     .block_size = status.stx_blksize,
                     .on_disk = status.stx_dev_major != 0};
}

bool is_memory(const Descriptor& file) {
  return ::fcntl(file.get(), F_GET_SEALS) >= 0;
}

std::string file_system_of(const Descriptor& file) {
  // proc(5): the number of the mount, and what is mounted there behind " - ".
  const std::string about = read_small_file("/proc/self/fdinfo/" + std::to_string(file.get()));
  const std::string_view mount = line_after(about, "mnt_id:\t");
  if (mount.empty()) return {};
  constexpr std::size_t kMostMounts = std::size_t{4} << 20;
  const std::string mounts = read_small_file("/proc/self/mountinfo", kMostMounts);
  std::string_view line = line_after(mounts, std::string(mount) + " ");
  constexpr std::string_view kBeforeKind = " - ";
  const std::size_t at = line.find(kBeforeKind);
  if (at == std::string_view::npos) return {};
  line.remove_prefix(at + kBeforeKind.size());
  return std::string(line.substr(0, line.find(' ')));
}

}  // namespace sluice
