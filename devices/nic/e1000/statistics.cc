#include "devices/nic/e1000/statistics.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace sluice::e1000 {
namespace {

// The longest frames that each register but the last of a row counts.
constexpr std::array<std::size_t, 5> kSizes{64, 127, 255, 511, 1023};

bool is_group(Bytes header) {
  return !header.empty() && (header[0] & 1) != 0;
}

bool is_broadcast(Bytes header) {
  return header.size() >= 6 && std::all_of(header.begin(), header.begin() + 6,
                                           [](std::uint8_t byte) { return byte == 0xff; });
}

}  // namespace

std::uint32_t Statistics::read(std::uint32_t offset) {
  switch (offset) {
    case kGorcl:
    case kGotcl:
    case kTorl:
    case kTotl:
      return at(offset);
    case kGorcl + 4:
    case kGotcl + 4:
    case kTorl + 4:
    case kTotl + 4:
      at(offset - 4) = 0;
      break;
    default:
      break;
  }
  return std::exchange(at(offset), 0);
}

void Statistics::count(std::uint32_t offset, std::uint32_t times) {
  constexpr std::uint32_t kFull = std::numeric_limits<std::uint32_t>::max();
  std::uint32_t& value = at(offset);
  value = times > kFull - value ? kFull : value + times;
}

void Statistics::count_octets(std::uint32_t offset, std::uint64_t octets) {
  std::uint64_t value = std::uint64_t{at(offset + 4)} << 32 | at(offset);
  value = std::max(value, value + octets);
  at(offset) = static_cast<std::uint32_t>(value);
  at(offset + 4) = static_cast<std::uint32_t>(value >> 32);
}

void Statistics::count_size(std::uint32_t first, std::size_t size, std::uint32_t times) {
  const auto row = std::lower_bound(kSizes.begin(), kSizes.end(), size) - kSizes.begin();
  count(first + 4 * static_cast<std::uint32_t>(row), times);
}

void Statistics::on_sent(Bytes header, std::size_t size, std::uint32_t times) {
  size += kFcsSize;
  count(kTpt, times);
  count(kGptc, times);
  count_octets(kTotl, std::uint64_t{size} * times);
  count_octets(kGotcl, std::uint64_t{size} * times);
  count_size(kPtc64, size, times);
  if (is_broadcast(header)) {
    count(kBptc, times);
  } else if (is_group(header)) {
    count(kMptc, times);
  }
}

void Statistics::on_received(Bytes header, std::size_t size) {
  size += kFcsSize;
  count(kGprc);
  count_octets(kGorcl, size);
  count_size(kPrc64, size, 1);
  if (is_broadcast(header)) {
    count(kBprc);
  } else if (is_group(header)) {
    count(kMprc);
  }
}

void Statistics::on_seen(std::size_t size) {
  count(kTpr);
  count_octets(kTorl, size + kFcsSize);
}

}  // namespace sluice::e1000
