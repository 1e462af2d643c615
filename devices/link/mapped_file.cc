#include "devices/link/mapped_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <limits>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "posix/known_status.h"

namespace sluice {
namespace {

// What a handler of signals can look at. A place with no end is free.
struct Place {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> lost{false};
};

std::array<Place, MappedFile::kMaxFiles> places;
struct sigaction action_before;

// Makes only system calls that are made of nothing else (signal-safety(7); mmap is one on Linux).
void on_bus_error(int signal, siginfo_t* info, void* /*context*/) {
  const int error = errno;
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  for (Place& place : places) {
    const std::uintptr_t begin = place.begin.load();
    const std::uintptr_t end = place.end.load();
    if (address < begin || address >= end) continue;
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    void* const pages = reinterpret_cast<void*>(begin);
    if (::mmap(pages, end - begin, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
      break;
    }
    place.lost = true;
    errno = error;
    return;
  }
  // The access is made again, and strikes as it would have without this.
  ::sigaction(signal, &action_before, nullptr);
  errno = error;
}

void expect_bus_errors() {
  static const bool done = [] {
    struct sigaction action {};
    action.sa_sigaction = &on_bus_error;
    action.sa_flags = SA_SIGINFO;
    ::sigemptyset(&action.sa_mask);
    return ::sigaction(SIGBUS, &action, &action_before) == 0;
  }();
  if (!done) throw std::system_error(errno, std::generic_category(), "can't expect SIGBUS");
}

[[noreturn]] void fail(int error, const std::string& what) {
  throw std::system_error(error, std::generic_category(), what);
}

// Whoever else may serve a file may let us wait for ever, at each page that we touch.
bool is_of_this_machine(const Descriptor& file, const KnownStatus& status) {
  // These have no block device of their own.
  constexpr auto kOfDisks = std::to_array<std::string_view>({"btrfs", "zfs", "overlay", "ramfs"});
  return is_memory(file) || status.on_disk ||
         std::ranges::find(kOfDisks, file_system_of(file)) != kOfDisks.end();
}

bool is_mappable(const Descriptor& file, const KnownStatus& status) {
  return S_ISREG(status.type) && is_of_this_machine(file, status);
}

// What is known of a file that has so many bytes to be mapped there.
KnownStatus checked(const Descriptor& file, std::uint64_t offset, std::uint64_t size) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max() / 2);
  const auto status = known_status(file);
  if (!status) fail(errno, "can't look at a file to be mapped");
  if (!is_mappable(file, *status)) {
    fail(EINVAL,
         "can't map a file (expected one in memory or on a disk of this machine, as a memfd is)");
  }
  if (size == 0 || size > kMax || offset > kMax || offset > status->size ||
      size > status->size - offset) {
    fail(EINVAL, "can't map " + std::to_string(size) + " bytes at " + std::to_string(offset) +
                     " of a file of " + std::to_string(status->size));
  }
  return *status;
}

std::size_t page_of(const KnownStatus& status) {
  // Pages of hugetlbfs are its blocks, and only whole ones can be unmapped.
  return std::max(static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)),
                  static_cast<std::size_t>(status.block_size));
}

}  // namespace

bool MappedFile::can_map(const Descriptor& file) {
  const auto status = known_status(file);
  return status && is_mappable(file, *status);
}

MappedFile::MappedFile(const Descriptor& file, std::uint64_t offset, std::uint64_t size,
                       int protection) {
  expect_bus_errors();
  const std::size_t page = page_of(checked(file, offset, size));
  const std::uint64_t before = offset % page;
  const std::uint64_t mapped = (before + size + page - 1) / page * page;
  const auto place = std::ranges::find_if(places, [](const Place& each) { return each.end == 0; });
  if (place == places.end()) fail(EMFILE, "can't map another file");
  void* const pages = ::mmap(nullptr, mapped, protection, MAP_SHARED | MAP_NORESERVE, file.get(),
                             static_cast<off_t>(offset - before));
  if (pages == MAP_FAILED) fail(errno, "can't map a file");
  // A guest's memory is no part of what this process did, if it has to be looked at one day.
  ::madvise(pages, mapped, MADV_DONTDUMP);
  pages_ = {static_cast<std::uint8_t*>(pages), mapped};
  bytes_ = pages_.subspan(before, size);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
  const auto begin = reinterpret_cast<std::uintptr_t>(pages);
  place->lost = false;
  place->begin = begin;
  place->end = begin + mapped;
  place_ = static_cast<std::size_t>(place - places.begin());
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : pages_(std::exchange(other.pages_, {})),
      bytes_(std::exchange(other.bytes_, {})),
      place_(std::exchange(other.place_, kNoPlace)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(pages_, other.pages_);
  std::swap(bytes_, other.bytes_);
  std::swap(place_, other.place_);
  return *this;
}

MappedFile::~MappedFile() {
  if (place_ == kNoPlace) return;
  ::munmap(pages_.data(), pages_.size());
  places.at(place_).end = 0;
}

bool MappedFile::is_lost() const {
  return place_ != kNoPlace && places.at(place_).lost;
}

}  // namespace sluice
