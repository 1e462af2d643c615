#include "devices/link/capture_reader.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

#include "posix/descriptor.h"

namespace sluice {

namespace {

constexpr std::size_t kEthernetSize = 14;
constexpr std::size_t kAddressFamilySize = 4;  // in front of a packet of a loopback capture
constexpr std::uint16_t kIpv4 = 0x0800;
constexpr std::uint16_t kIpv6 = 0x86dd;
constexpr std::uint16_t kSmallestEtherType = 0x0600;  // below it, the field is no EtherType

// Linux "cooked" captures, first and second version.
constexpr std::size_t kCookedSize = 16;
constexpr std::size_t kCookedPacketType = 0;
constexpr std::size_t kCookedProtocol = 14;
constexpr std::size_t kCooked2Size = 20;
constexpr std::size_t kCooked2Protocol = 0;
constexpr std::size_t kCooked2PacketType = 10;
constexpr unsigned kOutgoing = 4;

std::FILE* open_for_reading(const std::string& path) {
  Descriptor file(path == "-" ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
                              : ::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const std::string what = "can't read the capture '" + path + "'";
  if (!file) throw std::system_error(errno, std::generic_category(), what);
  std::FILE* stream = ::fdopen(file.get(), "r");
  if (stream == nullptr) throw std::system_error(errno, std::generic_category(), what);
  file.release();
  return stream;
}

// The EtherType by an IP packet's own version field.
std::optional<std::uint16_t> ether_type_of(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  switch (packet.front() >> 4) {
    case 4:
      return kIpv4;
    case 6:
      return kIpv6;
    default:
      return std::nullopt;
  }
}

std::string described(int link_type) {
  const char* name = ::pcap_datalink_val_to_name(link_type);
  if (name == nullptr) return "link type " + std::to_string(link_type);
  const char* description = ::pcap_datalink_val_to_description(link_type);
  return std::string(name) + (description == nullptr ? "" : " (" + std::string(description) + ")");
}

}  // namespace

void CaptureReader::Closer::operator()(pcap* handle) const {
  ::pcap_close(handle);
}

CaptureReader::CaptureReader(const std::string& path, const CaptureAddresses& addresses)
    : CaptureReader(open_for_reading(path), path, addresses) {}

CaptureReader::CaptureReader(std::FILE* file, const std::string& name,
                             const CaptureAddresses& addresses)
    : name_(name), addresses_(addresses) {
  std::array<char, PCAP_ERRBUF_SIZE> message{};
  handle_.reset(
      ::pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, message.data()));
  if (!handle_) {
    std::fclose(file);
    throw std::runtime_error("'" + name + "' is no capture that can be read: " + message.data());
  }
  check_link_type();
}

CaptureReader::~CaptureReader() = default;

void CaptureReader::check_link_type() {
  link_type_ = ::pcap_datalink(handle_.get());
  switch (link_type_) {
    case DLT_EN10MB:
      return;
    case DLT_RAW:
    case DLT_IPV4:
    case DLT_IPV6:
    case DLT_NULL:
    case DLT_LOOP:
    case DLT_LINUX_SLL:
    case DLT_LINUX_SLL2:
      frame_ = std::make_unique_for_overwrite<std::uint8_t[]>(kMaxFrame);
      return;
    default:
      throw std::runtime_error(
          "'" + name_ + "' is a capture of " + described(link_type_) +
          "; Ethernet, raw IP, loopback and Linux cooked captures can be read");
  }
}

Time CaptureReader::time_of(std::int64_t seconds, std::int64_t nanoseconds) {
  constexpr std::int64_t kSecond = 1'000'000'000;
  // Any 64-bit number may stand in a file. A century is as far as a capture plausibly goes, and
  // still far from overflow.
  constexpr std::int64_t kLongest = std::int64_t{100} * 366 * 86400;
  nanoseconds = std::clamp<std::int64_t>(nanoseconds, 0, kSecond - 1);
  if (!first_second_) {
    first_second_ = seconds;
    first_nanosecond_ = nanoseconds;
    constexpr std::int64_t kLastSecond = 0xffffffff;  // that a pcap file can say
    begins_at_ = std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, kLastSecond)) +
                 std::chrono::nanoseconds(nanoseconds);
  }
  std::int64_t elapsed = 0;
  if (__builtin_sub_overflow(seconds, *first_second_, &elapsed))
    elapsed = seconds < 0 ? 0 : kLongest;
  elapsed = std::clamp<std::int64_t>(elapsed, 0, kLongest);
  const Time time{Duration(elapsed * kSecond + nanoseconds - first_nanosecond_)};
  latest_ = std::max(latest_, time);
  return latest_;
}

std::optional<CaptureReader::Packet> CaptureReader::packet_in(Bytes record) const {
  Packet packet;
  switch (link_type_) {
    case DLT_LINUX_SLL:
      if (record.size() < kCookedSize) return std::nullopt;
      packet.ether_type = load_big<std::uint16_t>(record, kCookedProtocol);
      packet.from_guest = load_big<std::uint16_t>(record, kCookedPacketType) == kOutgoing;
      packet.bytes = record.subspan(kCookedSize);
      break;
    case DLT_LINUX_SLL2:
      if (record.size() < kCooked2Size) return std::nullopt;
      packet.ether_type = load_big<std::uint16_t>(record, kCooked2Protocol);
      packet.from_guest = record[kCooked2PacketType] == kOutgoing;
      packet.bytes = record.subspan(kCooked2Size);
      break;
    default: {
      // The address family in front is in the byte order of an unknown machine; the packet itself
      // says as much.
      const bool family = link_type_ == DLT_NULL || link_type_ == DLT_LOOP;
      if (family && record.size() < kAddressFamilySize) return std::nullopt;
      packet.bytes = family ? record.subspan(kAddressFamilySize) : record;
      packet.ether_type = ether_type_of(packet.bytes).value_or(0);
      break;
    }
  }
  if (packet.ether_type < kSmallestEtherType) return std::nullopt;
  return packet;
}

std::optional<Bytes> CaptureReader::frame_in(Bytes record) {
  if (link_type_ == DLT_EN10MB) {
    if (record.size() > kMaxFrame) return std::nullopt;
    return record;
  }
  const std::optional<Packet> packet = packet_in(record);
  if (!packet || packet->bytes.size() > kMaxFrame - kEthernetSize) return std::nullopt;
  const MacAddress& to = packet->from_guest ? addresses_.gateway : addresses_.guest;
  const MacAddress& from = packet->from_guest ? addresses_.guest : addresses_.gateway;
  const MutableBytes frame(frame_.get(), kEthernetSize + packet->bytes.size());
  copy_bytes(to.octets(), frame);
  copy_bytes(from.octets(), frame.subspan(MacAddress::kSize));
  store_big(frame, 2 * MacAddress::kSize, packet->ether_type);
  copy_bytes(packet->bytes, frame.subspan(kEthernetSize));
  return frame;
}

std::optional<CapturedFrame> CaptureReader::next() {
  if (!problem_.empty()) return std::nullopt;
  for (;;) {
    pcap_pkthdr* record = nullptr;
    const u_char* data = nullptr;
    const int result = ::pcap_next_ex(handle_.get(), &record, &data);
    if (result == PCAP_ERROR)
      problem_ = "'" + name_ + "' is damaged: " + ::pcap_geterr(handle_.get());
    if (result != 1) return std::nullopt;
    const Time time = time_of(record->ts.tv_sec, record->ts.tv_usec);
    const std::optional<Bytes> frame = frame_in(Bytes(data, record->caplen));
    if (!frame) {
      ++skipped_;
      continue;
    }
    if (record->caplen < record->len) ++truncated_;
    return CapturedFrame{.time = time, .bytes = *frame};
  }
}

}  // namespace sluice
