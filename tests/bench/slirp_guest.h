// A guest that costs next to nothing, so that what is measured is the library: TCP without loss,
// retransmission or checks of what comes, and UDP.

#ifndef SLUICE_TESTS_BENCH_SLIRP_GUEST_H_
#define SLUICE_TESTS_BENCH_SLIRP_GUEST_H_

#include <array>
#include <cstdint>
#include <unordered_map>

#include "tests/bench/slirp_program.h"

namespace sluice::bench {

// A connection to the host, from a port of the guest.
struct SlirpConnection {
  std::uint16_t port = 0;
  std::uint32_t next = 0;          // the number of the next byte that we send
  std::uint32_t acknowledged = 0;  // of ours
  std::uint32_t expected = 0;      // the next number of theirs
  std::uint32_t window = 0;        // that they offer
  std::uint8_t scale = 0;
  bool established = false;
  bool finished = false;  // they have
  bool closing = false;   // we have
  bool reset = false;
  bool owes = false;  // we an acknowledgment
};

class SlirpGuest {
 public:
  static constexpr std::size_t kSegment = 1460;

  explicit SlirpGuest(SlirpProgram& program);

  // To a port of the gateway.
  SlirpConnection& connect(std::uint16_t from, std::uint16_t to);
  void forget(std::uint16_t from);
  // Sends as many full segments as the window lets out, at most `most`; returns how many.
  unsigned send_segments(SlirpConnection& connection, unsigned most);
  void finish(SlirpConnection& connection);
  // Acknowledges what has come, on every connection that has something.
  void acknowledge();
  // Something has come meanwhile that is not acknowledged yet.
  bool owes() const { return !owing_.empty(); }
  void send_datagram(std::uint16_t from, std::uint16_t to, std::size_t size);

  std::uint64_t bytes() const { return bytes_; }          // received by TCP
  std::uint64_t datagrams() const { return datagrams_; }  // received

 private:
  static constexpr std::size_t kEthernet = 14;
  static constexpr std::size_t kIp = 20;
  static constexpr std::size_t kTcp = 20;
  static constexpr std::size_t kHeaders = kEthernet + kIp + kTcp;

  void on_frame(const std::uint8_t* frame, std::size_t size);
  void on_segment(const std::uint8_t* ip, std::size_t size);
  void owe(SlirpConnection& connection);
  void send(SlirpConnection& connection, std::uint8_t flags, std::size_t payload);
  std::uint8_t* put_ip(std::uint8_t protocol, std::size_t payload);

  SlirpProgram& program_;
  std::unordered_map<std::uint16_t, SlirpConnection> connections_;
  std::unordered_map<std::uint16_t, std::uint16_t> peers_;  // ports of the gateway, by ours
  std::vector<SlirpConnection*> owing_;                     // acknowledgments
  std::vector<SlirpConnection*> turns_;                     // those that are being sent
  std::array<std::uint8_t, 2048> frame_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t datagrams_ = 0;
};

}  // namespace sluice::bench

#endif  // SLUICE_TESTS_BENCH_SLIRP_GUEST_H_
