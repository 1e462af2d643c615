#include "services/dns/proxy.h"

#include <algorithm>
#include <stdexcept>

namespace sluice {
namespace {

DnsName name_of(const std::string& text) {
  const auto name = DnsName::from_text(text);
  if (!name) {
    throw std::invalid_argument("\"" + text +
                                "\" is not a domain name: labels of 1 to 63 characters with dots "
                                "between them, 253 characters at most");
  }
  return *name;
}

bool is_internet(DnsClass klass) {
  return klass == DnsClass::kInternet || klass == DnsClass::kAny;
}

bool asks_for(DnsType type, const IpAddress& address) {
  return type == DnsType::kAny || type == (address.is_v4() ? DnsType::kA : DnsType::kAaaa);
}

}  // namespace

DnsProxyConfig DnsProxyConfig::for_network(const Network& network) {
  DnsProxyConfig config;
  const auto add = [&config](const AddressPlan& plan) {
    config.local_names.push_back({"host." + config.local_zone, plan.host});
    if (!plan.has_dns_proxy()) return;
    config.local_names.push_back({"dns." + config.local_zone, plan.dns});
  };
  if (network.has_v4) add(network.v4);
  if (network.has_v6) add(network.v6);
  return config;
}

DnsProxy::DnsProxy(const DnsProxyConfig& config, const ServiceContext& context,
                   NameServers& servers)
    : output_(context.output),
      local_zone_(name_of(config.local_zone)),
      restricted_(config.restricted),
      upstream_(context, servers, *this, counters_),
      streams_(context.events, context.timers, *this, DnsUpstream::kMaxQuery, counters_) {
  for (const auto& local : config.local_names) {
    local_names_.push_back({name_of(local.name), local.address});
  }
}

void DnsProxy::on_datagram(Time now, const ServiceDatagram& datagram) {
  on_message(now, DatagramAsker{datagram.from, datagram.to, datagram.link_from}, datagram.payload);
}

bool DnsProxy::on_stream_message(Time now, SocketId stream, Bytes message) {
  return on_message(now, stream, message);
}

void DnsProxy::on_stream_closed(SocketId stream) {
  upstream_.forget(stream);
}

bool DnsProxy::on_message(Time now, const DnsAsker& asker, Bytes message) {
  ++counters_.queries;
  const auto header = DnsHeader::parse(message);
  if (!header || header->is_response()) {
    ++counters_.dropped;
    return false;
  }
  if (!header->is_query_opcode()) {
    ++counters_.unsupported;
    reply(now, asker, DnsReply::header_only(*header, DnsRcode::kNotImplemented).bytes());
    return true;
  }
  const auto query = DnsMessage::parse(message);
  if (!query || !query->is_well_formed() || message.size() > DnsUpstream::kMaxQuery) {
    ++counters_.malformed;
    const auto error = query ? DnsReply::error(*query, DnsRcode::kFormatError)
                             : DnsReply::header_only(*header, DnsRcode::kFormatError);
    reply(now, asker, error.bytes());
    return true;
  }
  const DnsQuestion& question = query->question();
  const bool is_local =
      question.name.is_within(local_zone_) ||
      std::any_of(local_names_.begin(), local_names_.end(),
                  [&](const LocalName& local) { return local.name == question.name; });
  if (is_local) {
    reply(now, asker, answer_locally(*query).bytes());
    return true;
  }
  if (restricted_) {
    ++counters_.refused;
    reply(now, asker, DnsReply::error(*query, DnsRcode::kRefused).bytes());
    return true;
  }
  // A zone transfer is many messages, and one is what a query gets here.
  if (question.type == DnsType::kAxfr || question.type == DnsType::kIxfr) {
    ++counters_.unsupported;
    reply(now, asker, DnsReply::error(*query, DnsRcode::kNotImplemented).bytes());
    return true;
  }
  return upstream_.forward(now, asker, *query);
}

DnsReply DnsProxy::answer_locally(const DnsMessage& query) {
  const DnsQuestion& question = query.question();
  if (!is_internet(question.klass)) {
    ++counters_.refused;
    return DnsReply::error(query, DnsRcode::kRefused);
  }
  ++counters_.answered_locally;
  if (query.opt() && query.opt()->version != 0) {
    return DnsReply::error(query, DnsRcode::kBadVersion);
  }
  // The zone's own name exists, though nothing is known of it (RFC 8020).
  bool exists = question.name == local_zone_;
  for (const LocalName& local : local_names_) {
    if (local.name != question.name) continue;
    exists = true;
    if (!asks_for(question.type, local.address)) continue;
    return DnsReply::answer(query, DnsRcode::kNoError,
                            DnsAnswer{local.address, kLocalSecondsToLive});
  }
  return DnsReply::answer(query, exists ? DnsRcode::kNoError : DnsRcode::kNameError, std::nullopt);
}

void DnsProxy::reply(Time now, const DnsAsker& asker, Bytes message) {
  if (const auto* stream = std::get_if<SocketId>(&asker)) {
    streams_.answer(now, *stream, message);
    return;
  }
  const auto& guest = std::get<DatagramAsker>(asker);
  output_.send(now, guest.to, guest.from, message, guest.link_from);
}

void DnsProxy::on_answer(Time now, const DnsAsker& asker, const DnsMessage& query, Bytes answer) {
  if (const auto* stream = std::get_if<SocketId>(&asker)) {
    if (streams_.answer(now, *stream, answer)) return;
    ++counters_.overflows;
    reply(now, asker, DnsReply::error(query, DnsRcode::kServerFailure).bytes());
    return;
  }
  const auto whole = DnsMessage::parse(answer);
  if (!whole || answer.size() <= query.udp_size()) {
    reply(now, asker, answer);
    return;
  }
  ++counters_.truncated;
  reply(now, asker, DnsReply::truncated(*whole).bytes());
}

}  // namespace sluice
