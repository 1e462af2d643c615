#include "tests/bench/guest_connection.h"

#include "stack/wire/ethernet.h"

namespace sluice {
namespace {

// Where things lie in a frame. Timestamps are the only option of a segment without SYN, behind two
// bytes of padding (RFC 7323, appendix A); their value is what the other side is to echo.
constexpr std::size_t kTcp = EthernetHeader::kSize + Ipv4Header::kSize;
constexpr std::size_t kPort = kTcp;
constexpr std::size_t kSequence = kTcp + 4;
constexpr std::size_t kAcknowledgment = kTcp + 8;
constexpr std::size_t kFlags = kTcp + 13;
constexpr std::size_t kValue = kTcp + TcpHeader::kSize + 4;
constexpr std::size_t kEcho = kValue + 4;
constexpr std::size_t kHeaders = kTcp + TcpHeader::kSize + 12;

constexpr std::uint8_t kFin = 0x01;
constexpr std::uint8_t kSyn = 0x02;
constexpr std::uint8_t kAck = 0x10;

constexpr TcpTimestamps kTimestamps{.value = 1, .echo = 0};
constexpr IpAddress kServer = IpAddress::v4(192, 0, 2, 1);

Octets frame_of(const TcpFlags& flags, const TcpOptions& options, std::size_t payload) {
  const Octets bytes(payload);
  return tcp_frame(kGuestAddress, kServer,
                   {.destination_port = 80, .flags = flags, .window = 65535}, options, bytes);
}

Offload offload_of(std::size_t payload) {
  Offload offload{.checksum = ChecksumState::kPartial,
                  .checksum_start = kTcp,
                  .checksum_offset = TcpHeader::kChecksumOffset};
  if (payload > GuestConnection::kSegment) {
    offload.segmentation = Segmentation::kTcp4;
    offload.segment_size = GuestConnection::kSegment;
    offload.header_size = kHeaders;
  }
  return offload;
}

}  // namespace

GuestConnection::GuestConnection(CountingWorld& world, std::size_t payload, std::size_t batch)
    : world_(world),
      payload_(static_cast<std::uint32_t>(payload)),
      syn_(frame_of({.syn = true},
                    {.maximum_segment_size = std::uint16_t{1460},
                     .window_scale = std::uint8_t{10},
                     .sack_permitted = true,
                     .timestamps = kTimestamps},
                    0)),
      bare_(frame_of({.ack = true}, {.timestamps = kTimestamps}, 0)),
      data_(batch, frame_of({.psh = true, .ack = true}, {.timestamps = kTimestamps}, payload)) {
  for (const Octets& frame : data_) batch_.push_back({frame, offload_of(payload)});
}

void GuestConnection::connect(std::uint16_t port) {
  store_big(MutableBytes(syn_), kPort, port);
  store_big(MutableBytes(bare_), kPort, port);
  for (Octets& frame : data_) store_big(MutableBytes(frame), kPort, port);
  store_big(MutableBytes(syn_), kSequence, sequence_);
  world_.from_guest(syn_, offload_of(0));
  ++sequence_;
  const Bytes answer = world_.link.last_headers();
  const auto segment = TcpView::parse(answer.subspan(kTcp));
  Ensures(segment && segment->header().flags.syn && segment->options().timestamps);
  echo_ = segment->options().timestamps->value;
  acknowledgment_ = first_ = segment->header().sequence + 1;
  send_bare(kAck);
}

void GuestConnection::send() {
  read();
  for (Octets& frame : data_) {
    stamp(frame);
    sequence_ += payload_;
  }
  world_.from_guest(batch_);
}

void GuestConnection::acknowledge() {
  read();
  send_bare(kAck);
}

void GuestConnection::close() {
  read();
  send_bare(kAck | kFin);
  ++sequence_;
  world_.host.finish();
  world_.from_host();
  acknowledge();
}

void GuestConnection::read() {
  const Bytes headers = world_.link.last_headers();
  const std::uint32_t flags = load_big<std::uint8_t>(headers, kFlags);
  if ((flags & kSyn) != 0) return;
  // A little payload is in the same room as the headers.
  const std::size_t payload = headers.size() - kHeaders + world_.link.last_payload();
  acknowledgment_ = load_big<std::uint32_t>(headers, kSequence) +
                    static_cast<std::uint32_t>(payload) + (flags & kFin);
  echo_ = load_big<std::uint32_t>(headers, kValue);
}

void GuestConnection::stamp(Octets& frame) const {
  const MutableBytes bytes(frame);
  store_big(bytes, kSequence, sequence_);
  store_big(bytes, kAcknowledgment, acknowledgment_);
  store_big(bytes, kEcho, echo_);
}

void GuestConnection::send_bare(std::uint8_t flags) {
  stamp(bare_);
  store_big(MutableBytes(bare_), kFlags, flags);
  world_.from_guest(bare_, offload_of(0));
}

}  // namespace sluice
