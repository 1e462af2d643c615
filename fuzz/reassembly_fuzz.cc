// Fragments of a few packets in any order, with overlaps, lies about the end, gaps in time and
// limits that are soon reached. Four bytes of input are one step:
//   0  bits 0-1 which packet; 2 more fragments; 3 other bytes than usual; 4 options in the header;
//      5 time passes first; 6 a far offset; 7 a large payload
//   1  the offset  2  the payload's size, or the seconds that pass in its low half  3  its rest
// What comes out must be made of bytes that went in at their place, and the limits must hold.

#include <algorithm>
#include <vector>

#include <gsl/assert>

#include "stack/checksum.h"
#include "stack/reassembly.h"

namespace sluice {
namespace {

constexpr ReassemblyLimits kLimits{.datagrams = 3, .bytes = 100000, .fragments = 12};
constexpr std::size_t kStep = 4;  // bytes of input

// The usual byte at one place of one packet; the unusual one is its complement.
std::uint8_t byte_at(std::uint16_t identification, std::size_t place) {
  return static_cast<std::uint8_t>(place * 31 + place / 251 + std::size_t{identification} * 101);
}

std::vector<std::uint8_t> fragment_of(Bytes step) {
  const unsigned bits = step[0];
  const std::size_t header_size = (bits & 0x10) != 0 ? 24 : 20;
  const std::size_t offset =
      (bits & 0x40) != 0 ? 65528 - std::size_t{step[1]} * 8 : std::size_t{step[1]} * 8;
  const std::size_t wanted = (bits & 0x80) != 0 ? std::size_t{step[2]} * 128 + step[3] : step[2];
  const std::size_t size = std::min(wanted, 65535 - header_size);
  const Ipv4Header header{
      .total_length = static_cast<std::uint16_t>(header_size + size),
      .identification = static_cast<std::uint16_t>(bits & 3),
      .more_fragments = (bits & 4) != 0,
      .fragment_offset = static_cast<std::uint16_t>(offset),
      .protocol = IpProtocol::kUdp,
      .source = IpAddress::v4(10, 0, 2, 15),
      .destination = IpAddress::v4(10, 0, 2, 2),
  };
  std::vector<std::uint8_t> packet(header_size + size);
  header.emit(packet);
  if (header_size > Ipv4Header::kSize) {
    packet[0] = 0x46;
    std::fill_n(packet.begin() + Ipv4Header::kSize, 4, std::uint8_t{1});
    store_big(MutableBytes(packet), 10, std::uint16_t{0});
    store_big(MutableBytes(packet), 10, internet_checksum(Bytes(packet).first(header_size)));
  }
  for (std::size_t i = 0; i < size; ++i) {
    const std::uint8_t byte = byte_at(header.identification, offset + i);
    packet[header_size + i] = (bits & 8) != 0 ? static_cast<std::uint8_t>(~byte) : byte;
  }
  return packet;
}

void check_whole(Bytes whole) {
  const auto view = Ipv4View::parse(whole);
  Ensures(view && view->packet().size() == whole.size() && !view->is_fragment());
  const Bytes payload = view->payload();
  const std::uint16_t identification = view->header().identification;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    const std::uint8_t byte = byte_at(identification, i);
    Ensures(payload[i] == byte || payload[i] == static_cast<std::uint8_t>(~byte));
  }
}

void run(Bytes input) {
  Time now{};
  Counters counters;
  TimerWheel timers(now);
  Reassembler reassembler(kLimits, counters, timers);
  for (Bytes rest = input; rest.size() >= kStep; rest = rest.subspan(kStep)) {
    if ((rest[0] & 0x20) != 0) {
      now += std::chrono::seconds(rest[2] & 15);
      timers.advance(now);
    }
    const auto packet = fragment_of(rest.first(kStep));
    const auto view = Ipv4View::parse(packet);
    Ensures(view.has_value());
    if (const auto whole = reassembler.add(now, Fragment(*view))) check_whole(*whole);
    Ensures(reassembler.datagrams() <= kLimits.datagrams);
    Ensures(reassembler.buffered_bytes() <= kLimits.bytes);
    Ensures(timers.deadline().has_value() == (reassembler.datagrams() > 0));
  }
  timers.advance(now + kLimits.lifetime + std::chrono::seconds(1));
  Ensures(reassembler.datagrams() == 0 && reassembler.buffered_bytes() == 0);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
