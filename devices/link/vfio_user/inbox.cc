#include "devices/link/vfio_user/inbox.h"

#include <algorithm>
#include <utility>

#include <gsl/assert>

namespace sluice::vfio_user {

Inbox::Inbox() : bytes_(std::make_unique_for_overwrite<std::uint8_t[]>(kSize)) {}

Header Inbox::header_at(std::size_t offset) const {
  const auto header = read_struct<Header>(Bytes(bytes_.get(), kSize).subspan(offset));
  Expects(header.has_value());
  return *header;
}

MutableBytes Inbox::room() {
  const MutableBytes all(bytes_.get(), kSize);
  if (begin_ > 0 && (begin_ == end_ || end_ > kSize - kMaxMessage)) {
    if (begin_ < end_) std::memmove(all.data(), all.data() + begin_, end_ - begin_);
    for (Attached& each : attached_) each.message -= begin_;
    whole_ -= begin_;
    end_ -= begin_;
    begin_ = 0;
  }
  return all.subspan(end_);
}

void Inbox::commit(std::size_t size, std::vector<Descriptor> descriptors) {
  Expects(size <= kSize - end_);
  end_ += size;
  const std::size_t last = scan();
  if (attached_.size() + descriptors.size() > kMaxPending) {
    broken_ = "it has sent too many descriptors";
    return;
  }
  for (Descriptor& each : descriptors) attached_.push_back({last, std::move(each)});
}

std::size_t Inbox::scan() {
  std::size_t last = whole_;
  while (broken_.empty() && end_ - whole_ >= sizeof(Header)) {
    const Header header = header_at(whole_);
    if (header.size < sizeof(Header) || header.size > kMaxMessage) {
      broken_ = "it says that a message has " + std::to_string(header.size) +
                " bytes; expected from " + std::to_string(sizeof(Header)) + " to " +
                std::to_string(kMaxMessage);
    } else if (!header.is_request() && !header.is_reply()) {
      broken_ = "it has sent a message that is neither a request nor a reply";
    } else if (end_ - whole_ < header.size) {
      return whole_;
    } else {
      last = whole_;
      whole_ += header.size;
    }
  }
  return whole_ < end_ ? whole_ : last;
}

std::vector<Descriptor> Inbox::take_descriptors(std::size_t message) {
  std::vector<Descriptor> taken;
  for (Attached& each : attached_) {
    if (each.message == message) taken.push_back(std::move(each.descriptor));
  }
  std::erase_if(attached_, [message](const Attached& each) { return each.message == message; });
  return taken;
}

std::optional<Message> Inbox::next() {
  if (!has_message()) return std::nullopt;
  const Header header = header_at(begin_);
  const Bytes payload =
      Bytes(bytes_.get(), kSize).subspan(begin_, header.size).subspan(sizeof(Header));
  Message message{header, payload, take_descriptors(begin_)};
  begin_ += header.size;
  return message;
}

std::optional<Inbox::Reply> Inbox::take_reply(std::uint16_t id) {
  for (std::size_t at = begin_; at < whole_;) {
    const Header header = header_at(at);
    if (!header.is_reply() || header.id != id) {
      at += header.size;
      continue;
    }
    const MutableBytes all(bytes_.get(), kSize);
    const Bytes payload = all.subspan(at, header.size).subspan(sizeof(Header));
    Reply reply{header, {payload.begin(), payload.end()}};
    take_descriptors(at);
    const std::size_t behind = at + header.size;
    std::memmove(all.data() + at, all.data() + behind, end_ - behind);
    whole_ -= header.size;
    end_ -= header.size;
    for (Attached& each : attached_) {
      if (each.message > at) each.message -= header.size;
    }
    return reply;
  }
  return std::nullopt;
}

void Inbox::reset() {
  begin_ = whole_ = end_ = 0;
  attached_.clear();
  broken_.clear();
}

}  // namespace sluice::vfio_user
