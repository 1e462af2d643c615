#include "devices/nic/e1000/receive_offload.h"

#include <algorithm>

#include "devices/nic/e1000/descriptors.h"
#include "devices/nic/e1000/registers.h"
#include "devices/nic/packet_layout.h"
#include "stack/checksum.h"

namespace sluice::e1000 {
namespace {

constexpr std::uint16_t kHolds = 0xffff;  // a sum that includes its checksum

std::uint16_t sum_of(Bytes bytes) {
  ChecksumSum sum;
  sum.add(bytes);
  return sum.folded();
}

Bytes part(Bytes frame, std::size_t from, std::size_t to) {
  return from < to ? frame.subspan(from, to - from) : Bytes{};
}

// A sum of bytes that begin at the first or second byte of a word.
void add_at(ChecksumSum& sum, std::uint16_t part, bool odd) {
  sum.add16(odd ? static_cast<std::uint16_t>(part << 8 | part >> 8) : part);
}

}  // namespace

ReceivedSums sum_received(Bytes frame, std::size_t link, std::uint32_t rxcsum, bool verified) {
  ReceivedSums result;
  const PacketLayout layout = PacketLayout::of(frame, link);
  const std::size_t start = std::min<std::size_t>(rxcsum & kRxcsumPcss, frame.size());
  if ((rxcsum & kRxcsumIpofl) != 0 && layout.network == PacketLayout::Network::kIpv4) {
    const std::size_t header = std::size_t{4} * (frame[layout.ip] & 15U);
    result.status |= kRxIpcs;
    if (sum_of(frame.subspan(layout.ip, header)) != kHolds) result.errors |= kRxIpe;
  }
  // UDP's checksum may be left out (RFC 768).
  const bool summed =
      layout.has_checksum(frame.size()) &&
      load_big<std::uint16_t>(frame, layout.transport + layout.checksum_offset()) != 0;
  const bool asked = (rxcsum & kRxcsumTuofl) != 0;
  ChecksumSum packet;
  if (summed && (asked || start <= layout.transport)) {
    ChecksumSum whole = layout.pseudo_header(frame);
    const auto transport =
        verified ? whole.checksum() : sum_of(part(frame, layout.transport, layout.end));
    whole.add16(transport);
    if (asked) {
      result.status |= kRxTcpcs;
      if (whole.folded() != kHolds) result.errors |= kRxTcpe;
    }
    if (start <= layout.transport) {
      packet.add16(sum_of(part(frame, start, layout.transport)));
      add_at(packet, transport, (layout.transport - start) % 2 != 0);
      add_at(packet, sum_of(part(frame, layout.end, frame.size())), (layout.end - start) % 2 != 0);
    }
  }
  if (!summed || start > layout.transport) packet.add(part(frame, start, frame.size()));
  if (result.status == 0) result.status = kRxIxsm;
  result.packet = packet.checksum();
  return result;
}

}  // namespace sluice::e1000
