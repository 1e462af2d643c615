#include "services/dhcp/lease_witness.h"

#include <algorithm>

namespace sluice {
namespace {

constexpr std::uint32_t kForever = 0xffffffff;

}  // namespace

void LeaseWitness::on_request(Time now, Bytes payload) {
  reply_.reset();
  request_ = DhcpMessage::parse(payload);
  if (!request_) return;
  const DhcpMessage& request = *request_;
  client_.clear();
  const auto identifier = request.find(DhcpCode::kClientIdentifier);
  if (identifier && identifier->size() > 1) {
    client_.assign(identifier->begin(), identifier->end());
  } else {
    client_.push_back(request.hardware_type);
    client_.insert(client_.end(), request.hardware.begin(), request.hardware.begin() + 6);
  }

  // With RELEASE and DECLINE a client gives up its lease, if the server can understand it.
  const auto type = request.type();
  std::uint32_t given_up = 0;
  if (type == DhcpType::kRelease) given_up = request.client;
  if (type == DhcpType::kDecline) {
    given_up = request.find_32(DhcpCode::kRequestedAddress).value_or(0);
  }
  const auto promise = promises_.find(given_up);
  if (promise != promises_.end() && promise->second.client == client_ &&
      promise->second.until > now) {
    promise->second.until = now;
  }
}

void LeaseWitness::send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
                        std::optional<MacAddress> link_to) {
  const auto message = DhcpMessage::parse(payload);
  if (!message || !request_) return complain("a reply that is no message, or to nothing");
  if (reply_) complain("two replies to one request");
  reply_ = Reply{from, to, link_to, {payload.begin(), payload.end()}, *message};
  if (payload.size() < DhcpMessage::kMinimumSize) complain("a reply too short for BOOTP");
  if (from != Endpoint{server_, kDhcpServerPort}) complain("a reply from elsewhere");
  if (message->transaction != request_->transaction || message->hardware != request_->hardware ||
      message->operation != DhcpMessage::Operation::kReply) {
    complain("a reply to somebody else");
  }
  if (message->yours == 0) return;
  const auto type = message->type();
  if (!type) {
    promise(now, message->yours, kForever);
  } else if (type == DhcpType::kAck) {
    promise(now, message->yours, message->find_32(DhcpCode::kLeaseTime).value_or(0));
  } else if (type == DhcpType::kOffer) {
    const auto held = promises_.find(message->yours);
    if (held != promises_.end() && held->second.until > now && held->second.client != client_) {
      complain("an offer of what another client has");
    }
  }
}

std::size_t LeaseWitness::promised(Time now) const {
  return static_cast<std::size_t>(
      std::count_if(promises_.begin(), promises_.end(),
                    [&](const auto& entry) { return entry.second.until > now; }));
}

void LeaseWitness::complain(const std::string& text) {
  if (complaint_.empty()) complaint_ = text;
}

void LeaseWitness::promise(Time now, std::uint32_t address, std::uint32_t seconds) {
  for (const auto& [other, held] : promises_) {
    if (held.until <= now) continue;
    if (other == address && held.client != client_) complain("one address for two clients");
    if (other != address && held.client == client_) complain("two addresses for one client");
  }
  const Time until = seconds == kForever ? Time::max() : now + std::chrono::seconds(seconds);
  promises_[address] = {client_, until};
}

}  // namespace sluice
