#include "app/open_tap.h"

#include <exception>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "app/aiding_command.h"
#include "app/guest_link.h"
#include "app/log.h"
#include "app/tap_helper.h"
#include "devices/link/tap.h"
#include "devices/link/tap_interface.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

std::vector<Descriptor> queues_of(const TapNetdev& tap) {
  std::vector<Descriptor> queues;
  for (const GivenDescriptor& given : tap.given) queues.emplace_back(given.number);
  if (!queues.empty()) return queues;
  if (!tap.helper.empty()) {
    queues.push_back(tap_of_helper(tap.helper, tap.bridge));
  } else {
    TapOptions options;
    options.vnet_headers = tap.vnet_headers;
    options.one_of_many = tap.queues > 1;
    std::string name = tap.name;
    for (std::uint32_t i = 0; i < tap.queues; ++i) {
      queues.push_back(open_tap(name, options));
      name = tap_name(queues.back());
    }
  }
  log::info("the interface is " + tap_name(queues.front()));
  return queues;
}

std::function<void()> farewell_of(const TapNetdev& tap, const std::string& name) {
  if (tap.down_script.empty()) return {};
  return [script = tap.down_script, name] {
    try {
      AidingCommand({script, name}).finish();
    } catch (const std::exception& error) {
      log::warning(std::string("the interface ") + name + " may be left as it is: " + error.what());
    }
  };
}

}  // namespace

std::unique_ptr<GuestLink> open_tap_netdev(const TapNetdev& tap) {
  std::vector<Descriptor> queues = queues_of(tap);
  std::string name;
  if (!tap.script.empty() || !tap.down_script.empty()) name = tap_name(queues.front());
  std::vector<std::unique_ptr<GuestLink>> links;
  links.reserve(queues.size());
  for (Descriptor& queue : queues) links.push_back(guest_link(std::move(queue)));
  if (!tap.script.empty()) AidingCommand({tap.script, name}).finish();
  if (links.size() == 1 && tap.down_script.empty()) return std::move(links.front());
  return std::make_unique<TapInterface>(std::move(links), farewell_of(tap, name));
}

}  // namespace sluice
