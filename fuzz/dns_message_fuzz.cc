// Any bytes as a DNS message, and what the proxy would say to it.

#include <cstdint>
#include <cstdlib>

#include "services/dns/message.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one file, one function

void require(bool condition) {
  if (!condition) std::abort();
}

void check_reply(const DnsMessage& query, const DnsReply& reply) {
  const auto parsed = DnsMessage::parse(reply.bytes());
  require(parsed && parsed->is_well_formed());
  require(parsed->question() == query.question());
  require(parsed->header().id == query.header().id);
  require(parsed->opt().has_value() == query.opt().has_value());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes bytes(data, size);
  std::size_t offset = size > 0 ? bytes[0] : 0;
  if (const auto name = DnsName::parse(bytes, offset)) {
    require(offset <= size);
    std::size_t end = 0;
    const auto again = DnsName::parse(name->wire(), end);
    require(again == name && end == name->wire().size());
    require(name->is_within(*again));
  }
  const auto header = DnsHeader::parse(bytes);
  require(header.has_value() == (size >= DnsHeader::kSize));
  const auto message = DnsMessage::parse(bytes);
  if (!message) return 0;
  require(message->udp_size() >= DnsMessage::kPlainUdpSize);
  check_reply(*message, DnsReply::error(*message, DnsRcode::kServerFailure));
  check_reply(*message, DnsReply::answer(*message, DnsRcode::kNoError,
                                         DnsAnswer{IpAddress::v4(10, 0, 2, 2), 60}));
  check_reply(*message, DnsReply::truncated(*message));
  return 0;
}
