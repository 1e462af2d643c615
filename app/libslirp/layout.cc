// Where every field lies: callers were compiled with these numbers. What libslirp says after a
// version, it never moves.

#include <cstddef>

#include "sluice/libslirp.h"

namespace {

// The layout of a system with pointers of eight bytes, on which all of this is used.
static_assert(sizeof(void*) == 8 && sizeof(long) == 8);

static_assert(offsetof(SlirpCb, send_packet) == 0);
static_assert(offsetof(SlirpCb, guest_error) == 8);
static_assert(offsetof(SlirpCb, clock_get_ns) == 16);
static_assert(offsetof(SlirpCb, timer_new) == 24);
static_assert(offsetof(SlirpCb, timer_free) == 32);
static_assert(offsetof(SlirpCb, timer_mod) == 40);
static_assert(offsetof(SlirpCb, register_poll_fd) == 48);
static_assert(offsetof(SlirpCb, unregister_poll_fd) == 56);
static_assert(offsetof(SlirpCb, notify) == 64);
static_assert(offsetof(SlirpCb, init_completed) == 72);
static_assert(offsetof(SlirpCb, timer_new_opaque) == 80);
static_assert(offsetof(SlirpCb, register_poll_socket) == 88);
static_assert(offsetof(SlirpCb, unregister_poll_socket) == 96);
static_assert(sizeof(SlirpCb) == 104);

static_assert(offsetof(SlirpConfig, version) == 0);
static_assert(offsetof(SlirpConfig, restricted) == 4);
static_assert(offsetof(SlirpConfig, in_enabled) == 8);
static_assert(offsetof(SlirpConfig, vnetwork) == 12);
static_assert(offsetof(SlirpConfig, vnetmask) == 16);
static_assert(offsetof(SlirpConfig, vhost) == 20);
static_assert(offsetof(SlirpConfig, in6_enabled) == 24);
static_assert(offsetof(SlirpConfig, vprefix_addr6) == 28);
static_assert(offsetof(SlirpConfig, vprefix_len) == 44);
static_assert(offsetof(SlirpConfig, vhost6) == 48);
static_assert(offsetof(SlirpConfig, vhostname) == 64);
static_assert(offsetof(SlirpConfig, tftp_server_name) == 72);
static_assert(offsetof(SlirpConfig, tftp_path) == 80);
static_assert(offsetof(SlirpConfig, bootfile) == 88);
static_assert(offsetof(SlirpConfig, vdhcp_start) == 96);
static_assert(offsetof(SlirpConfig, vnameserver) == 100);
static_assert(offsetof(SlirpConfig, vnameserver6) == 104);
static_assert(offsetof(SlirpConfig, vdnssearch) == 120);
static_assert(offsetof(SlirpConfig, vdomainname) == 128);
static_assert(offsetof(SlirpConfig, if_mtu) == 136);
static_assert(offsetof(SlirpConfig, if_mru) == 144);
static_assert(offsetof(SlirpConfig, disable_host_loopback) == 152);
static_assert(offsetof(SlirpConfig, enable_emu) == 153);
static_assert(offsetof(SlirpConfig, outbound_addr) == 160);
static_assert(offsetof(SlirpConfig, outbound_addr6) == 168);
static_assert(offsetof(SlirpConfig, disable_dns) == 176);
static_assert(offsetof(SlirpConfig, disable_dhcp) == 177);
static_assert(offsetof(SlirpConfig, mfr_id) == 180);
static_assert(offsetof(SlirpConfig, oob_eth_addr) == 184);
static_assert(sizeof(SlirpConfig) == 192);

static_assert(sizeof(SlirpTimerId) == sizeof(int) && SLIRP_TIMER_RA == 0 && SLIRP_TIMER_NUM == 1);

}  // namespace
