#include "services/dns/test_messages.h"

#include <gsl/assert>

namespace sluice {

Octets make_query(std::uint16_t id, std::string_view name, DnsType type,
                  std::optional<DnsOpt> opt) {
  const Octets wire = [&] {
    const auto parsed = DnsName::from_text(name);
    Expects(parsed);
    return Octets(parsed->wire().begin(), parsed->wire().end());
  }();
  Octets message(DnsHeader::kSize + wire.size() + 4 + (opt ? DnsOpt::kSize : 0));
  const MutableBytes bytes = message;
  DnsHeader{.id = id,
            .flags = DnsHeader::kRecursionDesired,
            .questions = 1,
            .additionals = static_cast<std::uint16_t>(opt ? 1 : 0)}
      .emit(bytes);
  copy_bytes(wire, bytes.subspan(DnsHeader::kSize));
  const MutableBytes fixed = bytes.subspan(DnsHeader::kSize + wire.size());
  store_big(fixed, 0, static_cast<std::uint16_t>(type));
  store_big(fixed, 2, static_cast<std::uint16_t>(DnsClass::kInternet));
  if (opt) opt->emit(fixed.subspan(4));
  return message;
}

Octets make_reply(Bytes query, DnsRcode rcode, std::size_t padding) {
  const auto parsed = DnsMessage::parse(query);
  Expects(parsed && padding < 65000);
  const Bytes name = parsed->question().name.wire();
  Octets message(query.begin(),
                 query.begin() + static_cast<std::ptrdiff_t>(DnsHeader::kSize + name.size() + 4));
  DnsHeader header = parsed->header();
  header.flags |= DnsHeader::kResponse | DnsHeader::kRecursionAvailable;
  header.flags |= static_cast<std::uint16_t>(rcode);
  header.answers = 1;
  header.additionals = parsed->opt() ? 1 : 0;
  header.emit(message);
  const std::size_t record = message.size();
  message.resize(record + 12 + padding + (parsed->opt() ? DnsOpt::kSize : 0));
  const MutableBytes bytes = MutableBytes(message).subspan(record);
  store_big(bytes, 0, std::uint16_t{0xc00c});
  store_big(bytes, 2, static_cast<std::uint16_t>(parsed->question().type));
  store_big(bytes, 4, std::uint16_t{1});
  store_big(bytes, 6, std::uint32_t{300});
  store_big(bytes, 10, static_cast<std::uint16_t>(padding));
  for (std::size_t i = 0; i < padding; ++i) bytes[12 + i] = static_cast<std::uint8_t>(i);
  if (parsed->opt()) DnsOpt{.udp_size = 1400}.emit(bytes.subspan(12 + padding));
  return message;
}

Octets framed(Bytes message) {
  Octets result(2);
  store_big(result, 0, static_cast<std::uint16_t>(message.size()));
  result.insert(result.end(), message.begin(), message.end());
  return result;
}

}  // namespace sluice
