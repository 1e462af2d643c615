// IPv6 and its extension headers (RFC 8200).
//
// Between the IPv6 header and the transport header may lie a chain of extension headers, each of
// which names the next. Ipv6View walks it once, as the node does that a packet is addressed to, and
// says where it ends. There are no more than kMaxExtensions of them in a packet, so that the walk
// costs no more than a look at bytes that have been copied anyway.
//
// A fragment header parts the chain: what is in front of it comes with each fragment, what is
// behind it belongs to the data that is cut up. So the walk ends there, and what follows is one
// piece of it. Only of a first fragment the rest of the chain is looked at too: it has to be in
// there as far as the transport header (RFC 7112), and a packet that will be refused once it is
// whole need not be collected. A fragment that is the whole packet (RFC 6946) is no fragment.
//
// What a packet's sender is to be told when its packet is refused is decided here, for nobody else
// knows where in the packet the walk stopped.

#ifndef SLUICE_STACK_WIRE_IPV6_H_
#define SLUICE_STACK_WIRE_IPV6_H_

#include <optional>

#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/wire/icmpv6.h"
#include "stack/wire/ip_protocol.h"

namespace sluice {

struct Ipv6Header {
  std::uint8_t traffic_class = 0;    // DSCP and ECN, carried as they are
  std::uint32_t flow_label = 0;      // 20 bits
  std::uint16_t payload_length = 0;  // bytes behind this header, extension headers included
  IpProtocol next_header{};          // what follows this header, which need not be the transport's
  std::uint8_t hop_limit = 64;
  IpAddress source;
  IpAddress destination;

  static constexpr std::size_t kSize = 40;
  static constexpr std::size_t kPayloadLengthOffset = 4;
  static constexpr std::size_t kNextHeaderOffset = 6;

  // What the first kSize bytes say, whatever follows; nullopt if there are fewer, or it is another
  // version, or an address is of ::ffff:0:0/96.
  static std::optional<Ipv6Header> parse(Bytes packet);
  // Writes kSize bytes at the start of `into`. Neither address may be one of IPv4.
  void emit(MutableBytes into) const;

  friend bool operator==(const Ipv6Header&, const Ipv6Header&) = default;
};

// The extension header of a fragment (section 4.5).
struct Ipv6FragmentHeader {
  IpProtocol next_header{};  // what the data begins with; counts in the first fragment only
  std::uint16_t offset = 0;  // bytes, a multiple of 8, from the end of the unfragmentable part
  bool more_fragments = false;
  std::uint32_t identification = 0;

  static constexpr std::size_t kSize = 8;

  // Neither behind nor before any other: the whole packet, only dressed as a fragment. It meets no
  // other fragments, even if they have its identification.
  bool is_atomic() const { return offset == 0 && !more_fragments; }

  // nullopt if there are fewer than kSize bytes.
  static std::optional<Ipv6FragmentHeader> parse(Bytes bytes);
  // Writes kSize bytes at the start of `into`.
  void emit(MutableBytes into) const;

  friend bool operator==(const Ipv6FragmentHeader&, const Ipv6FragmentHeader&) = default;
};

// A packet whose lengths agree with the bytes there are and whose extension headers a host that
// knows no options and no routes may pass over. Bytes behind payload_length are padding.
//
// Refused as malformed is also a packet from or to ::ffff:0:0/96: that is how an IpAddress holds
// IPv4, so it would be taken for one from or to an IPv4 address. Nobody may send it on a wire.
class Ipv6View {
 public:
  struct Error {
    enum class Reason : std::uint8_t {
      kTruncated,    // fewer bytes than there have to be
      kMalformed,    // a field holds a value the format does not allow, or the chain breaks off
      kUnsupported,  // asks for what we don't do: an option, a route
    };
    Reason reason{};
    // What the sender is to be told. nullopt: nothing, either because it deserves no answer or
    // because errors about such a packet are forbidden (RFC 4443, section 2.4 (e)): it is addressed
    // to a multicast address, comes from an address that is nobody's, or carries an error itself.
    std::optional<Icmpv6Problem> answer;

    friend bool operator==(const Error&, const Error&) = default;
  };

  static constexpr unsigned kMaxExtensions = 8;

  // On failure nullopt, and *error (when given) says why. `behind` bytes that follow `packet` lie
  // elsewhere, and may be the end of the payload.
  static std::optional<Ipv6View> parse(Bytes packet, Error* error = nullptr,
                                       std::size_t behind = 0);

  Ipv6Header header() const;
  // The whole packet without padding, as far as it does not lie elsewhere.
  Bytes packet() const { return packet_; }

  // What payload() begins with: the transport, kNoNextHeader (then payload() is empty), or another
  // protocol that nobody here may speak. Of a fragment, what its own header says follows, which may
  // be an extension header.
  IpProtocol protocol() const { return protocol_; }
  // Where in packet() the byte lies that names protocol(): what the parameter problem "unrecognised
  // next header" points to.
  std::size_t protocol_named_at() const { return protocol_named_at_; }
  // The transport header and what follows it. Of a fragment, all that lies behind its fragment
  // header: its piece of the data.
  Bytes payload() const { return packet_.subspan(payload_offset_); }

  // A piece of a packet. An atomic fragment is none.
  bool is_fragment() const { return fragment_ && !fragment_->is_atomic(); }
  // The fragment header, of an atomic fragment too.
  const std::optional<Ipv6FragmentHeader>& fragment() const { return fragment_; }
  // The headers in front of the fragment header; empty without one. With the byte at
  // fragment_named_at() overwritten by the next_header of the first fragment, the payload length
  // put right, and all pieces behind it, this is the packet that was cut up.
  Bytes unfragmentable() const { return packet_.first(unfragmentable_size_); }
  // Where in packet() the byte lies that names the fragment header. 0 without one.
  std::size_t fragment_named_at() const { return fragment_named_at_; }

 private:
  explicit Ipv6View(Bytes packet) : packet_(packet) {}
  Bytes packet_;
  IpProtocol protocol_{};
  std::size_t protocol_named_at_ = 0;
  std::size_t payload_offset_ = 0;
  std::size_t unfragmentable_size_ = 0;
  std::size_t fragment_named_at_ = 0;
  std::optional<Ipv6FragmentHeader> fragment_;
};

}  // namespace sluice

#endif  // SLUICE_STACK_WIRE_IPV6_H_
