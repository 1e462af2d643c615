// The C functions. No exception passes them, no null pointer is followed, and a Slirp that a
// callback asks to be cleaned up lasts until the call that the callback was made from is done.

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "app/libslirp/addresses.h"
#include "app/libslirp/instance.h"
#include "app/summary.h"
#include "nat/host/command_line.h"
#include "sluice/libslirp.h"

struct Slirp {
  Slirp(const sluice::Settings& settings, const sluice::Callbacks& callbacks)
      : instance(settings, callbacks) {}

  sluice::Instance instance;
  unsigned calls = 0;  // under way
  bool is_over = false;
};

namespace sluice {
namespace {

// The interface's own global: which kinds of things each instance tells of.
std::atomic<unsigned> debug_flags{0};

void end(Slirp* slirp) {
  const std::unique_ptr<Slirp> last(slirp);
  if (debug_flags.load() != 0) {
    std::fputs(
        ("libslirp: this is what happened:\n" + summary_of(slirp->instance.counters())).c_str(),
        stderr);
  }
}

// One call of the program's.
class Call {
 public:
  explicit Call(Slirp* slirp) : slirp_(slirp) { ++slirp_->calls; }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call() {
    if (--slirp_->calls == 0 && slirp_->is_over) end(slirp_);
  }

 private:
  Slirp* const slirp_;
};

void complain(const char* what) {
  std::fprintf(stderr, "libslirp: %s\n", what);
}

// What `body` returns, or else `failure`: for no Slirp, one that is over, and any exception.
template <typename Result, typename Body>
Result guarded(Slirp* slirp, Result failure, Body body) noexcept {
  if (slirp == nullptr || slirp->is_over) return failure;
  const Call call(slirp);
  try {
    return body(slirp->instance);
  } catch (const std::exception& error) {
    complain(error.what());
  } catch (...) {
    complain("an unknown error");
  }
  return failure;
}

template <typename Body>
void guarded(Slirp* slirp, Body body) noexcept {
  guarded(slirp, 0, [&](Instance& instance) {
    body(instance);
    return 0;
  });
}

// 0, or -1 with errno, for what `body` returns: 0 or an errno.
template <typename Body>
int answered(Slirp* slirp, Body body) noexcept {
  const int error = guarded(slirp, EINVAL, body);
  if (error == 0) return 0;
  errno = error;
  return -1;
}

Slirp* create(const SlirpConfig* config, const SlirpCb* callbacks, void* opaque) {
  if (config == nullptr || callbacks == nullptr) {
    throw std::invalid_argument("slirp_new() needs a config and callbacks; it was given NULL");
  }
  const Settings settings = read_settings(*config);
  if (callbacks->send_packet == nullptr || callbacks->clock_get_ns == nullptr) {
    throw std::invalid_argument(
        "SlirpCb.send_packet or clock_get_ns is NULL; both are needed whatever is done");
  }
  auto slirp = std::make_unique<Slirp>(settings, Callbacks(callbacks, config->version, opaque));
  const Callbacks& program = slirp->instance.callbacks();
  program.register_poll(slirp->instance.descriptor());
  Slirp* const created = slirp.release();
  const Call call(created);
  program.init_completed(created);
  return created->is_over ? nullptr : created;
}

// A string that the caller frees.
char* text_of(const std::string& text) {
  char* const copy = ::strdup(text.c_str());
  if (copy == nullptr) throw std::bad_alloc();
  return copy;
}

std::optional<ListenAddress> listen_at(bool udp, const in_addr& address, int port) {
  const auto number = port_number(port, true);
  if (!number) return std::nullopt;
  return ListenAddress{
      .protocol = udp ? ListenAddress::Protocol::kUdp : ListenAddress::Protocol::kTcp,
      .local = Endpoint{ip_address(address), *number}};
}

std::optional<ListenAddress> listen_at(const sockaddr* address, socklen_t size, int flags) {
  const bool udp = (flags & SLIRP_HOSTFWD_UDP) != 0;
  auto local = local_at(address, size);
  if (!local || (udp && std::holds_alternative<UnixPath>(*local))) return std::nullopt;
  if ((flags & ~(SLIRP_HOSTFWD_UDP | SLIRP_HOSTFWD_V6ONLY)) != 0) return std::nullopt;
  return ListenAddress{
      .protocol = udp ? ListenAddress::Protocol::kUdp : ListenAddress::Protocol::kTcp,
      .local = std::move(*local),
      .v6_only = (flags & SLIRP_HOSTFWD_V6ONLY) != 0};
}

// What slirp_add_exec() and its kin have in common: `add` gets the server's address, and the one
// that it ends up with is written back.
template <typename Add>
int add_guest_forward(Slirp* slirp, in_addr* address, int port, Add add) noexcept {
  return answered(slirp, [&](Instance& instance) {
    const auto number = port_number(port, false);
    if (address == nullptr || !number) return EINVAL;
    Endpoint server{ip_address(*address), *number};
    const int error = add(instance, server);
    if (error == 0) *address = raw_address(server.address);
    return error;
  });
}

}  // namespace
}  // namespace sluice

using sluice::answered;
using sluice::Bytes;
using sluice::Endpoint;
using sluice::guarded;
using sluice::Instance;

extern "C" {

Slirp* slirp_new(const SlirpConfig* cfg, const SlirpCb* callbacks, void* opaque) {
  try {
    return sluice::create(cfg, callbacks, opaque);
  } catch (const std::exception& error) {
    sluice::complain(error.what());
  } catch (...) {
    sluice::complain("an unknown error");
  }
  return nullptr;
}

Slirp* slirp_init(int restricted, bool in_enabled, in_addr vnetwork, in_addr vnetmask,
                  in_addr vhost, bool in6_enabled, in6_addr vprefix_addr6, uint8_t vprefix_len,
                  in6_addr vhost6, const char* vhostname, const char* tftp_server_name,
                  const char* tftp_path, const char* bootfile, in_addr vdhcp_start,
                  in_addr vnameserver, in6_addr vnameserver6, const char** vdnssearch,
                  const char* vdomainname, const SlirpCb* callbacks, void* opaque) {
  SlirpConfig config{};
  config.version = 1;
  config.restricted = restricted;
  config.in_enabled = in_enabled;
  config.vnetwork = vnetwork;
  config.vnetmask = vnetmask;
  config.vhost = vhost;
  config.in6_enabled = in6_enabled;
  config.vprefix_addr6 = vprefix_addr6;
  config.vprefix_len = vprefix_len;
  config.vhost6 = vhost6;
  config.vhostname = vhostname;
  config.tftp_server_name = tftp_server_name;
  config.tftp_path = tftp_path;
  config.bootfile = bootfile;
  config.vdhcp_start = vdhcp_start;
  config.vnameserver = vnameserver;
  config.vnameserver6 = vnameserver6;
  config.vdnssearch = vdnssearch;
  config.vdomainname = vdomainname;
  return slirp_new(&config, callbacks, opaque);
}

void slirp_cleanup(Slirp* slirp) {
  // The end of the call ends the Slirp, or of the one that this one was made from the midst of. The
  // program hears nothing more of it from here on.
  guarded(slirp, [&](Instance& instance) {
    slirp->is_over = true;
    instance.callbacks().unregister_poll(instance.descriptor());
    instance.callbacks().silence();
  });
}

void slirp_pollfds_fill_socket(Slirp* slirp, uint32_t* timeout, SlirpAddPollSocketCb add_poll,
                               void* opaque) {
  guarded(slirp, [&](Instance& instance) {
    // First, as what the program does in it may bring a deadline.
    if (add_poll != nullptr) {
      const int index = add_poll(instance.descriptor(), SLIRP_POLL_IN, opaque);
      instance.set_poll_index(index);
    }
    if (timeout != nullptr && !slirp->is_over) *timeout = instance.timeout(*timeout);
  });
}

void slirp_pollfds_fill(Slirp* slirp, uint32_t* timeout, SlirpAddPollCb add_poll, void* opaque) {
  slirp_pollfds_fill_socket(slirp, timeout, add_poll, opaque);
}

void slirp_pollfds_poll(Slirp* slirp, int select_error, SlirpGetREventsCb get_revents,
                        void* opaque) {
  guarded(slirp, [&](Instance& instance) {
    // Where the descriptor found no place among those that are polled, it is asked itself.
    const auto index = instance.take_poll_index();
    const bool polled = get_revents != nullptr && index;
    const bool ready = select_error == 0 && (!polled || get_revents(*index, opaque) != 0);
    if (!slirp->is_over) instance.on_poll(ready);
  });
}

void slirp_input(Slirp* slirp, const uint8_t* pkt, int pkt_len) {
  if (pkt == nullptr || pkt_len <= 0) return;
  guarded(slirp, [&](Instance& instance) {
    instance.on_frame(Bytes(pkt, static_cast<std::size_t>(pkt_len)));
  });
}

void slirp_handle_timer(Slirp* slirp, SlirpTimerId /*id*/, void* /*cb_opaque*/) {
  guarded(slirp, [](Instance& instance) { instance.on_poll(false); });
}

int slirp_add_hostfwd(Slirp* slirp, int is_udp, in_addr host_addr, int host_port,
                      in_addr guest_addr, int guest_port) {
  return answered(slirp, [&](Instance& instance) {
    const auto listen = sluice::listen_at(is_udp != 0, host_addr, host_port);
    const auto guest = sluice::port_number(guest_port, false);
    if (!listen || !guest) return EINVAL;
    return instance.add_host_forward({*listen, {sluice::ip_address(guest_addr), *guest}});
  });
}

int slirp_remove_hostfwd(Slirp* slirp, int is_udp, in_addr host_addr, int host_port) {
  return answered(slirp, [&](Instance& instance) {
    const auto listen = sluice::listen_at(is_udp != 0, host_addr, host_port);
    return listen ? instance.remove_host_forward(*listen) : EINVAL;
  });
}

int slirp_add_hostxfwd(Slirp* slirp, const sockaddr* haddr, socklen_t haddrlen,
                       const sockaddr* gaddr, socklen_t gaddrlen, int flags) {
  return answered(slirp, [&](Instance& instance) {
    const auto listen = sluice::listen_at(haddr, haddrlen, flags);
    const auto guest = sluice::endpoint_at(gaddr, gaddrlen);
    if (!listen || !guest || guest->port == 0) return EINVAL;
    return instance.add_host_forward({*listen, *guest});
  });
}

int slirp_remove_hostxfwd(Slirp* slirp, const sockaddr* haddr, socklen_t haddrlen, int flags) {
  return answered(slirp, [&](Instance& instance) {
    const auto listen = sluice::listen_at(haddr, haddrlen, flags);
    return listen ? instance.remove_host_forward(*listen) : EINVAL;
  });
}

int slirp_add_exec(Slirp* slirp, const char* cmdline, in_addr* guest_addr, int guest_port) {
  if (cmdline == nullptr) slirp = nullptr;
  return sluice::add_guest_forward(
      slirp, guest_addr, guest_port, [&](Instance& instance, Endpoint& server) {
        if (!sluice::names_command(cmdline)) {
          instance.callbacks().guest_error(
              "libslirp: the command of a guestfwd has no word, or a quote or backslash that "
              "nothing follows");
          return EINVAL;
        }
        // smbd, which QEMU starts so, asks its standard input for its peer's address.
        return instance.add_guest_forward(server, sluice::Command{cmdline, true});
      });
}

int slirp_add_unix(Slirp* slirp, const char* unixsock, in_addr* guest_addr, int guest_port) {
  if (unixsock == nullptr) slirp = nullptr;
  return sluice::add_guest_forward(
      slirp, guest_addr, guest_port, [&](Instance& instance, Endpoint& server) {
        return instance.add_guest_forward(server, sluice::UnixPath{unixsock});
      });
}

int slirp_add_guestfwd(Slirp* slirp, SlirpWriteCb write_cb, void* opaque, in_addr* guest_addr,
                       int guest_port) {
  if (write_cb == nullptr) slirp = nullptr;
  return sluice::add_guest_forward(slirp, guest_addr, guest_port,
                                   [&](Instance& instance, Endpoint& server) {
                                     return instance.add_guest_forward(server, write_cb, opaque);
                                   });
}

int slirp_remove_guestfwd(Slirp* slirp, in_addr guest_addr, int guest_port) {
  return answered(slirp, [&](Instance& instance) {
    const auto port = sluice::port_number(guest_port, false);
    return port ? instance.remove_guest_forward({sluice::ip_address(guest_addr), *port}) : EINVAL;
  });
}

size_t slirp_socket_can_recv(Slirp* slirp, in_addr guest_addr, int guest_port) {
  return guarded(slirp, std::size_t{0}, [&](Instance& instance) {
    const auto port = sluice::port_number(guest_port, false);
    return port ? instance.room({sluice::ip_address(guest_addr), *port}) : std::size_t{0};
  });
}

void slirp_socket_recv(Slirp* slirp, in_addr guest_addr, int guest_port, const uint8_t* buf,
                       int size) {
  if (buf == nullptr || size <= 0) return;
  guarded(slirp, [&](Instance& instance) {
    const auto port = sluice::port_number(guest_port, false);
    if (!port) return;
    instance.say({sluice::ip_address(guest_addr), *port},
                 Bytes(buf, static_cast<std::size_t>(size)));
  });
}

char* slirp_connection_info(Slirp* slirp) {
  return guarded<char*>(slirp, nullptr,
                        [](Instance& instance) { return sluice::text_of(instance.connections()); });
}

char* slirp_neighbor_info(Slirp* slirp) {
  return guarded<char*>(slirp, nullptr,
                        [](Instance& instance) { return sluice::text_of(instance.neighbors()); });
}

void slirp_state_save(Slirp* slirp, SlirpWriteCb write_cb, void* opaque) {
  if (write_cb == nullptr) return;
  guarded(slirp, [&](Instance& instance) { instance.save(write_cb, opaque); });
}

int slirp_state_load(Slirp* slirp, int version_id, SlirpReadCb read_cb, void* opaque) {
  if (read_cb == nullptr || version_id < 0 || version_id > slirp_state_version()) return -EINVAL;
  return -guarded(slirp, EINVAL,
                  [&](Instance& instance) { return instance.load(read_cb, opaque); });
}

int slirp_state_version() {
  return 4;
}

const char* slirp_version_string() {
  return SLIRP_VERSION_STRING;
}

void slirp_set_debug(unsigned flags) {
  sluice::debug_flags |= flags;
}

void slirp_reset_debug(unsigned flags) {
  sluice::debug_flags &= ~flags;
}

}  // extern "C"
