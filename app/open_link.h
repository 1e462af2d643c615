// Opens the links that the command line names.

#ifndef SLUICE_APP_OPEN_LINK_H_
#define SLUICE_APP_OPEN_LINK_H_

#include <functional>
#include <memory>
#include <string_view>

#include "app/cli/invocation.h"
#include "app/options/netdev.h"
#include "devices/link/guest_link.h"

namespace sluice {

// The link with what is put on the netdev `id`. Throws as open_link().
std::unique_ptr<GuestLink> put_objects_on(std::unique_ptr<GuestLink> link, std::string_view id,
                                          const RunInvocation& invocation);

// Any kind but the user network and hub ports, with what is put on it. What becomes
// of it later is logged; `on_not_reached` is called if it turns out that it leads to nobody. Throws
// std::system_error that says what was tried.
std::unique_ptr<GuestLink> open_link(const Netdev& netdev, const RunInvocation& invocation,
                                     const std::function<void()>& on_not_reached);

}  // namespace sluice

#endif  // SLUICE_APP_OPEN_LINK_H_
