#include "tests/bench/slirp_program.h"

#include <arpa/inet.h>
#include <dlfcn.h>

#include <algorithm>
#include <ctime>
#include <stdexcept>

namespace sluice::bench {
namespace {

std::int64_t clock_ns(void* /*self*/) {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

template <typename Function>
Function* SlirpProgram::find(const char* name) const {
  void* const address = ::dlsym(library_, name);
  if (address == nullptr) throw std::runtime_error(std::string("the library has no ") + name);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): what dlsym(3) is for.
  return reinterpret_cast<Function*>(address);
}

SlirpProgram::SlirpProgram(const std::string& library)
    : library_(::dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL)) {
  if (library_ == nullptr) throw std::runtime_error(::dlerror());
  auto* const create = find<decltype(slirp_new)>("slirp_new");
  cleanup_ = find<decltype(slirp_cleanup)>("slirp_cleanup");
  input_ = find<decltype(slirp_input)>("slirp_input");
  fill_ = find<decltype(slirp_pollfds_fill)>("slirp_pollfds_fill");
  poll_ = find<decltype(slirp_pollfds_poll)>("slirp_pollfds_poll");

  callbacks_.send_packet = [](const void* frame, std::size_t size, void* self) {
    const auto& program = *static_cast<SlirpProgram*>(self);
    program.on_frame(static_cast<const std::uint8_t*>(frame), size);
    return static_cast<ssize_t>(size);
  };
  callbacks_.guest_error = [](const char*, void*) {};
  callbacks_.clock_get_ns = &clock_ns;
  callbacks_.timer_new = [](SlirpTimerCb, void*, void* self) { return self; };
  callbacks_.timer_free = [](void*, void*) {};
  callbacks_.timer_mod = [](void*, std::int64_t, void*) {};
  callbacks_.register_poll_fd = [](int, void*) {};
  callbacks_.unregister_poll_fd = [](int, void*) {};
  callbacks_.notify = [](void*) {};

  SlirpConfig config{};
  config.version = 1;
  config.in_enabled = true;
  config.vnetwork.s_addr = ::inet_addr("10.0.2.0");
  config.vnetmask.s_addr = ::inet_addr("255.255.255.0");
  config.vhost.s_addr = ::inet_addr("10.0.2.2");
  config.vdhcp_start.s_addr = ::inet_addr("10.0.2.15");
  config.vnameserver.s_addr = ::inet_addr("10.0.2.3");
  slirp_ = create(&config, &callbacks_, this);
  if (slirp_ == nullptr) throw std::runtime_error("slirp_new() gave none");
}

SlirpProgram::~SlirpProgram() {
  cleanup_(slirp_);
}

int SlirpProgram::add_poll(int descriptor, int events, void* self) {
  auto& polled = static_cast<SlirpProgram*>(self)->polled_;
  pollfd entry{.fd = descriptor, .events = 0, .revents = 0};
  if ((events & SLIRP_POLL_IN) != 0) entry.events |= POLLIN;
  if ((events & SLIRP_POLL_OUT) != 0) entry.events |= POLLOUT;
  if ((events & SLIRP_POLL_PRI) != 0) entry.events |= POLLPRI;
  polled.push_back(entry);
  return static_cast<int>(polled.size()) - 1;
}

int SlirpProgram::events_of(int index, void* self) {
  const short ready =
      static_cast<SlirpProgram*>(self)->polled_[static_cast<std::size_t>(index)].revents;
  int events = 0;
  if ((ready & POLLIN) != 0) events |= SLIRP_POLL_IN;
  if ((ready & POLLOUT) != 0) events |= SLIRP_POLL_OUT;
  if ((ready & POLLPRI) != 0) events |= SLIRP_POLL_PRI;
  if ((ready & POLLERR) != 0) events |= SLIRP_POLL_ERR;
  if ((ready & POLLHUP) != 0) events |= SLIRP_POLL_HUP;
  return events;
}

void SlirpProgram::turn(int patience) {
  polled_.clear();
  std::uint32_t timeout = UINT32_MAX;
  fill_(slirp_, &timeout, &add_poll, this);
  const auto limit = std::min<std::uint32_t>(timeout, static_cast<std::uint32_t>(patience));
  const int count = ::poll(polled_.data(), polled_.size(), static_cast<int>(limit));
  poll_(slirp_, count < 0 ? 1 : 0, &events_of, this);
}

}  // namespace sluice::bench
