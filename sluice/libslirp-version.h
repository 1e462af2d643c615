/* SPDX-License-Identifier: BSD-3-Clause */
/* The version of libslirp whose interface this is. */

#ifndef SLUICE_LIBSLIRP_VERSION_H_
#define SLUICE_LIBSLIRP_VERSION_H_

#define SLIRP_MAJOR_VERSION 4
#define SLIRP_MINOR_VERSION 9
#define SLIRP_MICRO_VERSION 5
#define SLIRP_VERSION_STRING "4.9.5-sluice"

/* True if the interface is that of major.minor.micro or a later one. */
#define SLIRP_CHECK_VERSION(major, minor, micro)                    \
  (SLIRP_MAJOR_VERSION != (major)   ? SLIRP_MAJOR_VERSION > (major) \
   : SLIRP_MINOR_VERSION != (minor) ? SLIRP_MINOR_VERSION > (minor) \
                                    : SLIRP_MICRO_VERSION >= (micro))

#endif /* SLUICE_LIBSLIRP_VERSION_H_ */
