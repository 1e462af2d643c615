/* SPDX-License-Identifier: BSD-3-Clause */
/* libslirp's interface, as Sluice's libslirp.so.0 offers it: the names, the layout and the symbol
 * versions are those of libslirp 4.9, so that a program built for one runs with the other.
 *
 * A Slirp is a virtual network with a host, a name server and the guests that the program attaches
 * to it. It has no thread. The program gives it the guests' frames by slirp_input(), waits on its
 * behalf between slirp_pollfds_fill() and slirp_pollfds_poll(), and gets frames for the guests by
 * send_packet. Calls for one Slirp must not overlap; different ones are independent.
 *
 * A callback may call slirp_input() and slirp_socket_recv(), which take effect when the call that
 * the callback was made from is done, and whatever only tells. Functions that change forwards, and
 * slirp_state_load(), fail with EBUSY while the library is at work, that is in send_packet,
 * clock_get_ns, guest_error and a write_cb; only slirp_remove_guestfwd() of a forward to the
 * program itself succeeds there. After slirp_cleanup(), wherever it is called from, no callback is
 * made. */

#ifndef SLUICE_LIBSLIRP_H_
#define SLUICE_LIBSLIRP_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "libslirp-version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct Slirp Slirp;

typedef ssize_t slirp_ssize_t;

/* What a descriptor is waited for, and what it is ready for. */
enum {
  SLIRP_POLL_IN = 1,
  SLIRP_POLL_OUT = 2,
  SLIRP_POLL_PRI = 4,
  SLIRP_POLL_ERR = 8,
  SLIRP_POLL_HUP = 16,
};

/* A descriptor that can be polled. */
typedef int slirp_os_socket;
#define SLIRP_INVALID_SOCKET (-1)
#define SLIRP_PRIfd "d"

typedef ssize_t (*SlirpReadCb)(void* buf, size_t len, void* opaque);
typedef ssize_t (*SlirpWriteCb)(const void* buf, size_t len, void* opaque);
typedef void (*SlirpTimerCb)(void* opaque);
/* Adds a descriptor to those that the program waits for; returns the index it is known by. */
typedef int (*SlirpAddPollCb)(int fd, int events, void* opaque);
typedef int (*SlirpAddPollSocketCb)(slirp_os_socket fd, int events, void* opaque);
/* What the descriptor at that index is ready for. */
typedef int (*SlirpGetREventsCb)(int idx, void* opaque);

typedef enum SlirpTimerId {
  SLIRP_TIMER_RA,
  SLIRP_TIMER_NUM,
} SlirpTimerId;

/* What the program does for a Slirp. The struct is not copied: it must last as long as the Slirp.
 * `opaque` is what slirp_new() was given. Only send_packet and clock_get_ns must be there. */
typedef struct SlirpCb {
  /* A frame for the guests. What is not taken is lost, as on a wire. */
  SlirpWriteCb send_packet;
  /* Says that the program or a guest did something wrong. */
  void (*guest_error)(const char* msg, void* opaque);
  /* The guests' time, in nanoseconds. It may stand still while the guests do. */
  int64_t (*clock_get_ns)(void* opaque);
  /* Timers are not used: the timeout of slirp_pollfds_fill() is all that is needed. */
  void* (*timer_new)(SlirpTimerCb cb, void* cb_opaque, void* opaque);
  void (*timer_free)(void* timer, void* opaque);
  void (*timer_mod)(void* timer, int64_t expire_time, void* opaque);
  /* The one descriptor that slirp_pollfds_fill() names begins and ceases to exist. */
  void (*register_poll_fd)(int fd, void* opaque);
  void (*unregister_poll_fd)(int fd, void* opaque);
  /* What slirp_pollfds_fill() has told is no longer true: it is to be asked again soon. */
  void (*notify)(void* opaque);

  /* From config version 4 on. */
  /* The Slirp is ready; called before slirp_new() returns. */
  void (*init_completed)(Slirp* slirp, void* opaque);
  void* (*timer_new_opaque)(SlirpTimerId id, void* cb_opaque, void* opaque);

  /* From config version 6 on; they stand in for the two above. */
  void (*register_poll_socket)(slirp_os_socket socket, void* opaque);
  void (*unregister_poll_socket)(slirp_os_socket socket, void* opaque);
} SlirpCb;

#define SLIRP_CONFIG_VERSION_MIN 1
#define SLIRP_CONFIG_VERSION_MAX 6

/* How a Slirp is to be. Strings are copied; fields beyond `version` are not looked at. */
typedef struct SlirpConfig {
  uint32_t version;

  /* Not 0: guests reach what was forwarded, DHCP and TFTP, and nothing else. */
  int restricted;
  bool in_enabled; /* IPv4 */
  struct in_addr vnetwork;
  struct in_addr vnetmask;
  struct in_addr vhost;
  bool in6_enabled;
  struct in6_addr vprefix_addr6;
  uint8_t vprefix_len;
  struct in6_addr vhost6;
  const char* vhostname;        /* of the guest, by DHCP; NULL: none */
  const char* tftp_server_name; /* NULL: none */
  const char* tftp_path;        /* the directory that is handed out by TFTP; NULL: none */
  const char* bootfile;         /* less than 128 bytes; NULL: none */
  struct in_addr vdhcp_start;   /* the first of 16 leases */
  struct in_addr vnameserver;
  struct in6_addr vnameserver6;
  const char** vdnssearch; /* ends with NULL; NULL: none */
  const char* vdomainname; /* NULL: none */
  /* Bytes of an IP packet to and from guests: 68 to 65521, 0 for 1500. The smaller one counts. */
  size_t if_mtu;
  size_t if_mru;
  bool disable_host_loopback; /* vhost does not lead to the loopback of the real host */
  bool enable_emu;            /* ignored: no payload is ever rewritten */

  /* From version 2 on: the addresses that connections leave from; NULL: the system's choice. They
   * are looked at whenever the Slirp is called. */
  struct sockaddr_in* outbound_addr;
  struct sockaddr_in6* outbound_addr6;

  /* From version 3 on. */
  bool disable_dns; /* nobody answers at vnameserver */

  /* From version 4 on. */
  bool disable_dhcp;

  /* From version 5 on: NC-SI (DMTF DSP0222). */
  uint32_t mfr_id;         /* the manufacturer's IANA number */
  uint8_t oob_eth_addr[6]; /* the management controller's MAC address; zeros: it is told none */
} SlirpConfig;

/* NULL, and the reason by guest_error or on standard error, if the config can't be followed. */
Slirp* slirp_new(const SlirpConfig* cfg, const SlirpCb* callbacks, void* opaque);
/* slirp_new() with a config of version 1. */
Slirp* slirp_init(int restricted, bool in_enabled, struct in_addr vnetwork, struct in_addr vnetmask,
                  struct in_addr vhost, bool in6_enabled, struct in6_addr vprefix_addr6,
                  uint8_t vprefix_len, struct in6_addr vhost6, const char* vhostname,
                  const char* tftp_server_name, const char* tftp_path, const char* bootfile,
                  struct in_addr vdhcp_start, struct in_addr vnameserver,
                  struct in6_addr vnameserver6, const char** vdnssearch, const char* vdomainname,
                  const SlirpCb* callbacks, void* opaque);
void slirp_cleanup(Slirp* slirp);

/* Before the program waits: names what it is to wait for, and lowers *timeout (milliseconds of the
 * guests' time, UINT32_MAX without end) to when it is to come back though nothing has happened. */
void slirp_pollfds_fill_socket(Slirp* slirp, uint32_t* timeout, SlirpAddPollSocketCb add_poll,
                               void* opaque);
void slirp_pollfds_fill(Slirp* slirp, uint32_t* timeout, SlirpAddPollCb add_poll, void* opaque);
/* After it has waited. With `select_error`, nothing is known of descriptors, and get_revents is not
 * called. */
void slirp_pollfds_poll(Slirp* slirp, int select_error, SlirpGetREventsCb get_revents,
                        void* opaque);

/* A frame from a guest, with its Ethernet header. */
void slirp_input(Slirp* slirp, const uint8_t* pkt, int pkt_len);

/* A timer has gone off. Not needed, but it does no harm. */
void slirp_handle_timer(Slirp* slirp, SlirpTimerId id, void* cb_opaque);

/* Ports of the real host that lead to a guest. They return 0, or else -1 and set errno. Port 0 lets
 * the system choose one, which slirp_connection_info() tells. A guest address of 0 is that of the
 * first lease. */
int slirp_add_hostfwd(Slirp* slirp, int is_udp, struct in_addr host_addr, int host_port,
                      struct in_addr guest_addr, int guest_port);
int slirp_remove_hostfwd(Slirp* slirp, int is_udp, struct in_addr host_addr, int host_port);

#define SLIRP_HOSTFWD_UDP 1
/* The port of an unspecified IPv6 address is not that of IPv4 too. */
#define SLIRP_HOSTFWD_V6ONLY 2
int slirp_add_hostxfwd(Slirp* slirp, const struct sockaddr* haddr, socklen_t haddrlen,
                       const struct sockaddr* gaddr, socklen_t gaddrlen, int flags);
int slirp_remove_hostxfwd(Slirp* slirp, const struct sockaddr* haddr, socklen_t haddrlen,
                          int flags);

/* Addresses of the virtual network that lead to a command (one for each connection), a unix socket,
 * or the program itself. An address of 0 becomes the network's fourth, where QEMU's users look for
 * SMB, and is written back. They return 0, or else -1 and set errno. */
int slirp_add_exec(Slirp* slirp, const char* cmdline, struct in_addr* guest_addr, int guest_port);
int slirp_add_unix(Slirp* slirp, const char* unixsock, struct in_addr* guest_addr, int guest_port);
/* write_cb gets what guests send there. What it returns counts where it is a part, of which the
 * rest is offered again, or -1 with errno EAGAIN or EINTR, and then all is; else all counts as
 * taken. */
int slirp_add_guestfwd(Slirp* slirp, SlirpWriteCb write_cb, void* opaque,
                       struct in_addr* guest_addr, int guest_port);
/* Connections to commands and sockets go on; those to the program are reset. */
int slirp_remove_guestfwd(Slirp* slirp, struct in_addr guest_addr, int guest_port);

/* How many bytes slirp_socket_recv() takes for the guest that has connected there last. */
size_t slirp_socket_can_recv(Slirp* slirp, struct in_addr guest_addr, int guest_port);
void slirp_socket_recv(Slirp* slirp, struct in_addr guest_addr, int guest_port, const uint8_t* buf,
                       int size);

/* Tables for people to read. The caller frees them with free(), or g_free(), which is the same. */
char* slirp_connection_info(Slirp* slirp);
char* slirp_neighbor_info(Slirp* slirp);

/* What guests know of the network, to go on with it elsewhere or later: leases, and the connections
 * to addresses that slirp_add_guestfwd() gave. Those to the outside can't move: the guest is told
 * that they have ended, unless it comes back to a Slirp where they have not moved since. All others
 * of the Slirp that loads are reset, and the guest hears so when it next speaks.
 * slirp_state_load() returns 0, or a negative errno and changes nothing. */
void slirp_state_save(Slirp* slirp, SlirpWriteCb write_cb, void* opaque);
int slirp_state_version(void);
int slirp_state_load(Slirp* slirp, int version_id, SlirpReadCb read_cb, void* opaque);

const char* slirp_version_string(void);

/* With any bit set, each Slirp of the process tells on standard error what it did, when it ends. */
enum {
  SLIRP_DBG_CALL = 1,
  SLIRP_DBG_MISC = 2,
  SLIRP_DBG_ERROR = 4,
  SLIRP_DBG_TFTP = 8,
  SLIRP_DBG_VERBOSE_CALL = 16,
};
void slirp_set_debug(unsigned int flags);
void slirp_reset_debug(unsigned int flags);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* SLUICE_LIBSLIRP_H_ */
