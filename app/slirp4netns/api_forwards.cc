#include "app/slirp4netns/api_forwards.h"

#include <system_error>
#include <utility>
#include <vector>

namespace sluice {

ApiForwards::ApiForwards(const Network& network, const IpAddress& guest, Ports ports)
    : network_(network), guest_(guest), ports_(std::move(ports)) {}

std::string ApiForwards::answer(const ApiRequest& request) {
  if (const auto* const add_forward = std::get_if<AddHostForward>(&request)) {
    return add(add_forward->forward);
  }
  if (const auto* const removal = std::get_if<RemoveHostForward>(&request)) {
    return remove(removal->id);
  }
  if (std::holds_alternative<ListHostForwards>(request)) return list();
  if (const auto* const bad = std::get_if<BadRequest>(&request)) return emit_error(bad->reason);
  return emit_error("cannot parse JSON");
}

std::string ApiForwards::add(HostForward forward) {
  IpAddress& guest = forward.guest.address;
  if (guest.is_unspecified()) guest = guest_;
  if (!network_.v4.subnet.has_host(guest) || network_.is_own(guest)) {
    return emit_error("add_hostfwd: bad arguments.guest_addr");
  }
  forget_closed();
  if (forwards_.size() >= kMax) {
    return emit_error("add_hostfwd: there are " + std::to_string(kMax) +
                      " already, and no more at a time");
  }
  try {
    ports_.open(forward);
  } catch (const std::system_error& error) {
    return emit_error(std::string("add_hostfwd: ") + error.what());
  }
  forwards_.emplace(++last_id_, forward);
  return emit_added(last_id_);
}

void ApiForwards::forget_closed() {
  std::erase_if(forwards_,
                [this](const auto& entry) { return !ports_.is_open(entry.second.listen); });
}

std::string ApiForwards::list() {
  forget_closed();
  return emit_list({forwards_.begin(), forwards_.end()});
}

std::string ApiForwards::remove(std::int64_t id) {
  forget_closed();
  const auto found = forwards_.find(id);
  if (found == forwards_.end()) return emit_error("remove_hostfwd: bad arguments.id");
  ports_.close(found->second.listen);
  forwards_.erase(found);
  return emit_removed();
}

}  // namespace sluice
