#include "services/dns/message.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice {
namespace {

constexpr std::uint8_t kLabelKind = 0xc0;  // the two bits that say what a length byte is
constexpr std::uint8_t kPointer = 0xc0;
constexpr std::size_t kQuestionFixed = 4;  // type and class
constexpr std::size_t kRecordFixed = 10;   // type, class, TTL and length of the data
constexpr std::uint16_t kDnssecOk = 0x8000;

// What we tell others to send us at most: it crosses every path unfragmented (DNS flag day 2020).
constexpr std::uint16_t kOwnUdpSize = 1232;

std::uint8_t lower(std::uint8_t octet) {
  return octet >= 'A' && octet <= 'Z' ? static_cast<std::uint8_t>(octet + ('a' - 'A')) : octet;
}

// Length bytes are at most 63, below every letter, so whole wire forms compare at once.
bool equal_ignoring_case(Bytes left, Bytes right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](std::uint8_t a, std::uint8_t b) { return lower(a) == lower(b); });
}

// The offset behind the name at `offset`, without following pointers.
std::optional<std::size_t> skip_name(Bytes message, std::size_t offset) {
  while (offset < message.size()) {
    const std::uint8_t length = message[offset];
    if (length == 0) return offset + 1;
    if ((length & kLabelKind) == kPointer) return offset + 2;
    if ((length & kLabelKind) != 0) return std::nullopt;
    offset += 1 + std::size_t{length};
  }
  return std::nullopt;
}

}  // namespace

std::optional<DnsName> DnsName::parse(Bytes message, std::size_t& offset) {
  DnsName name;
  std::optional<std::size_t> end;  // behind the first pointer
  std::size_t at = offset;
  std::size_t run = offset;  // where the labels now read began: a pointer leads before it
  while (at < message.size()) {
    const std::uint8_t length = message[at];
    if (length == 0) {
      offset = end.value_or(at + 1);
      return name;
    }
    if ((length & kLabelKind) == kPointer) {
      if (message.size() - at < 2) return std::nullopt;
      const std::size_t target = load_big<std::uint16_t>(message, at) & 0x3fffU;
      if (target >= run || target < DnsHeader::kSize) return std::nullopt;
      if (!end) end = at + 2;
      at = run = target;
      continue;
    }
    if ((length & kLabelKind) != 0 || message.size() - at - 1 < length) return std::nullopt;
    if (!name.append(message.subspan(at + 1, length))) return std::nullopt;
    at += 1 + std::size_t{length};
  }
  return std::nullopt;
}

std::optional<DnsName> DnsName::from_text(std::string_view text) {
  DnsName name;
  if (text == ".") return name;
  if (text.ends_with('.')) text.remove_suffix(1);
  while (true) {
    const std::size_t dot = std::min(text.find('.'), text.size());
    if (dot == 0 || dot > kMaxLabel) return std::nullopt;
    if (!name.append(as_bytes(text.substr(0, dot)))) return std::nullopt;
    if (dot == text.size()) return name;
    text.remove_prefix(dot + 1);
  }
}

bool DnsName::append(Bytes label) {
  if (size_ + 1 + label.size() > kMaxSize) return false;
  const MutableBytes room = MutableBytes(octets_).subspan(size_ - 1U);
  room[0] = static_cast<std::uint8_t>(label.size());
  copy_bytes(label, room.subspan(1));
  room[1 + label.size()] = 0;
  size_ = static_cast<std::uint8_t>(size_ + 1 + label.size());
  return true;
}

bool DnsName::is_within(const DnsName& zone) const {
  Bytes rest = wire();
  while (rest.size() > zone.size_) rest = rest.subspan(1 + std::size_t{rest[0]});
  return equal_ignoring_case(rest, zone.wire());
}

bool operator==(const DnsName& left, const DnsName& right) {
  return equal_ignoring_case(left.wire(), right.wire());
}

std::optional<DnsHeader> DnsHeader::parse(Bytes message) {
  if (message.size() < kSize) return std::nullopt;
  return DnsHeader{
      .id = load_big<std::uint16_t>(message, 0),
      .flags = load_big<std::uint16_t>(message, 2),
      .questions = load_big<std::uint16_t>(message, 4),
      .answers = load_big<std::uint16_t>(message, 6),
      .authorities = load_big<std::uint16_t>(message, 8),
      .additionals = load_big<std::uint16_t>(message, 10),
  };
}

void DnsHeader::emit(MutableBytes into) const {
  store_big(into, 0, id);
  store_big(into, 2, flags);
  store_big(into, 4, questions);
  store_big(into, 6, answers);
  store_big(into, 8, authorities);
  store_big(into, 10, additionals);
}

void DnsOpt::emit(MutableBytes into) const {
  into[0] = 0;  // the root's name
  store_big(into, 1, static_cast<std::uint16_t>(DnsType::kOpt));
  store_big(into, 3, udp_size);
  into[5] = extended_rcode;
  into[6] = version;
  store_big(into, 7, static_cast<std::uint16_t>(dnssec_ok ? kDnssecOk : 0));
  store_big(into, 9, std::uint16_t{0});
}

std::optional<DnsMessage> DnsMessage::parse(Bytes message) {
  const auto header = DnsHeader::parse(message);
  if (!header || header->questions != 1) return std::nullopt;
  std::size_t offset = DnsHeader::kSize;
  const auto name = DnsName::parse(message, offset);
  if (!name || message.size() - offset < kQuestionFixed) return std::nullopt;
  DnsMessage parsed(message, *header);
  parsed.question_ = {*name, static_cast<DnsType>(load_big<std::uint16_t>(message, offset)),
                      static_cast<DnsClass>(load_big<std::uint16_t>(message, offset + 2))};
  parsed.well_formed_ = parsed.walk_records(offset + kQuestionFixed);
  if (!parsed.well_formed_) parsed.opt_.reset();
  return parsed;
}

bool DnsMessage::walk_records(std::size_t offset) {
  const std::size_t before_additional = std::size_t{header_.answers} + header_.authorities;
  const std::size_t records = before_additional + header_.additionals;
  for (std::size_t i = 0; i < records; ++i) {
    const auto fixed = skip_name(bytes_, offset);
    if (!fixed || *fixed > bytes_.size() || bytes_.size() - *fixed < kRecordFixed) return false;
    const std::size_t data = *fixed + kRecordFixed;
    const std::size_t data_size = load_big<std::uint16_t>(bytes_, *fixed + 8);
    if (bytes_.size() - data < data_size) return false;
    if (load_big<std::uint16_t>(bytes_, *fixed) == static_cast<std::uint16_t>(DnsType::kOpt)) {
      if (opt_ || i < before_additional || bytes_[offset] != 0) return false;
      const auto flags = load_big<std::uint16_t>(bytes_, *fixed + 6);
      opt_ = DnsOpt{.udp_size = load_big<std::uint16_t>(bytes_, *fixed + 2),
                    .extended_rcode = bytes_[*fixed + 4],
                    .version = bytes_[*fixed + 5],
                    .dnssec_ok = (flags & kDnssecOk) != 0};
    }
    offset = data + data_size;
  }
  return true;
}

std::size_t DnsMessage::udp_size() const {
  return opt_ ? std::max<std::size_t>(opt_->udp_size, kPlainUdpSize) : kPlainUdpSize;
}

DnsReply DnsReply::header_only(const DnsHeader& query, DnsRcode rcode) {
  constexpr std::uint16_t kEchoed = DnsHeader::kOpcode | DnsHeader::kRecursionDesired;
  const auto code = static_cast<std::uint16_t>(static_cast<std::uint16_t>(rcode) & 0xf);
  DnsReply reply;
  reply.add_header(
      {.id = query.id,
       .flags = static_cast<std::uint16_t>(DnsHeader::kResponse | (query.flags & kEchoed) | code)});
  return reply;
}

DnsReply DnsReply::error(const DnsMessage& query, DnsRcode rcode) {
  return to(query, rcode, DnsHeader::kRecursionAvailable, std::nullopt);
}

DnsReply DnsReply::answer(const DnsMessage& query, DnsRcode rcode,
                          const std::optional<DnsAnswer>& answer) {
  return to(query, rcode, DnsHeader::kAuthoritative | DnsHeader::kRecursionAvailable, answer);
}

DnsReply DnsReply::to(const DnsMessage& query, DnsRcode rcode, std::uint16_t flags,
                      const std::optional<DnsAnswer>& answer) {
  constexpr std::uint16_t kEchoed =
      DnsHeader::kOpcode | DnsHeader::kRecursionDesired | DnsHeader::kCheckingDisabled;
  const auto code = static_cast<std::uint16_t>(rcode);
  DnsReply reply;
  reply.add_header({.id = query.header().id,
                    .flags = static_cast<std::uint16_t>(DnsHeader::kResponse | flags |
                                                        (query.header().flags & kEchoed) |
                                                        (code & DnsHeader::kRcode)),
                    .questions = 1,
                    .answers = static_cast<std::uint16_t>(answer ? 1 : 0),
                    .additionals = static_cast<std::uint16_t>(query.opt() ? 1 : 0)});
  reply.add_question(query.question());
  if (answer) reply.add_answer(*answer);
  if (query.opt()) {
    reply.add_opt({.udp_size = kOwnUdpSize,
                   .extended_rcode = static_cast<std::uint8_t>(code >> 4),
                   .dnssec_ok = query.opt()->dnssec_ok});
  }
  return reply;
}

DnsReply DnsReply::truncated(const DnsMessage& whole) {
  DnsReply reply;
  DnsHeader header = whole.header();
  header.flags |= DnsHeader::kTruncated;
  header.answers = 0;
  header.authorities = 0;
  header.additionals = whole.opt() ? 1 : 0;
  reply.add_header(header);
  reply.add_question(whole.question());
  if (whole.opt()) reply.add_opt(*whole.opt());
  return reply;
}

MutableBytes DnsReply::extend(std::size_t size) {
  const MutableBytes room = MutableBytes(octets_).subspan(size_, size);
  size_ += size;
  return room;
}

void DnsReply::add_header(const DnsHeader& header) {
  header.emit(extend(DnsHeader::kSize));
}

void DnsReply::add_question(const DnsQuestion& question) {
  copy_bytes(question.name.wire(), extend(question.name.wire().size()));
  const MutableBytes fixed = extend(kQuestionFixed);
  store_big(fixed, 0, static_cast<std::uint16_t>(question.type));
  store_big(fixed, 2, static_cast<std::uint16_t>(question.klass));
}

void DnsReply::add_answer(const DnsAnswer& answer) {
  const bool is_v4 = answer.address.is_v4();
  const Bytes octets = Bytes(answer.address.octets()).subspan(is_v4 ? 12 : 0);
  const MutableBytes fixed = extend(2 + kRecordFixed);
  // The name is the question's, which lies behind the header.
  store_big(fixed, 0, static_cast<std::uint16_t>(0xc000 | DnsHeader::kSize));
  store_big(fixed, 2, static_cast<std::uint16_t>(is_v4 ? DnsType::kA : DnsType::kAaaa));
  store_big(fixed, 4, static_cast<std::uint16_t>(DnsClass::kInternet));
  store_big(fixed, 6, answer.seconds_to_live);
  store_big(fixed, 10, static_cast<std::uint16_t>(octets.size()));
  copy_bytes(octets, extend(octets.size()));
}

void DnsReply::add_opt(const DnsOpt& opt) {
  opt.emit(extend(DnsOpt::kSize));
}

}  // namespace sluice
