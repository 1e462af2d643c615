// The C interface under a hostile guest and a whimsical program: frames, well-formed segments to
// the program's forwards, time in either direction, bytes from the program, calls from within
// callbacks, and states that are saved and loaded again in between.

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fuzz/libslirp_fuzz.h"
#include "stack/wire/ethernet.h"
#include "stack/wire/ipv4.h"
#include "stack/wire/tcp.h"
#include "tests/sim/guest_frames.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

constexpr IpAddress kForward = IpAddress::v4(10, 0, 2, 100);

// A segment to a forward that fits what the last frame said, as far as the input wants.
void send_segment(FuzzedLibslirp& fuzzed, Program& program) {
  const std::uint8_t choice = program.number();
  TcpHeader header{.source_port = static_cast<std::uint16_t>(4000 + (choice & 1)),
                   .destination_port =
                       static_cast<std::uint16_t>(FuzzedLibslirp::kFirstPort + (choice >> 1 & 1)),
                   .sequence = program.number(),
                   .window = program.number16()};
  const std::uint8_t flags = program.number();
  header.flags = {.fin = (flags & 1) != 0,
                  .syn = (flags & 2) != 0,
                  .rst = (flags & 4) != 0,
                  .psh = (flags & 8) != 0,
                  .ack = (flags & 16) != 0};
  const auto ethernet = EthernetView::parse(fuzzed.last);
  const auto ip = ethernet ? Ipv4View::parse(ethernet->payload()) : std::nullopt;
  const auto tcp = ip ? TcpView::parse(ip->payload()) : std::nullopt;
  if (tcp && (choice & 4) != 0) {
    header.sequence = tcp->header().acknowledgment + program.number();
    header.acknowledgment = tcp->header().sequence +
                            static_cast<std::uint32_t>(tcp->payload().size()) +
                            (tcp->header().flags.syn ? 1 : 0);
  }
  const Octets frame = tcp_frame(kGuestAddress, kForward, header, {}, program.piece());
  slirp_input(fuzzed.slirp, frame.data(), static_cast<int>(frame.size()));
}

void save_and_load(const FuzzedLibslirp& fuzzed) {
  std::string state;
  slirp_state_save(
      fuzzed.slirp,
      [](const void* bytes, std::size_t size, void* text) {
        static_cast<std::string*>(text)->append(static_cast<const char*>(bytes), size);
        return static_cast<ssize_t>(size);
      },
      &state);
  struct Rest {
    const std::string& text;
    std::size_t taken = 0;
  } rest{state};
  const int result = slirp_state_load(
      fuzzed.slirp, slirp_state_version(),
      [](void* bytes, std::size_t size, void* from) {
        auto& left = *static_cast<Rest*>(from);
        if (size > left.text.size() - left.taken) return ssize_t{-1};
        std::memcpy(bytes, left.text.data() + left.taken, size);
        left.taken += size;
        return static_cast<ssize_t>(size);
      },
      &rest);
  require(result == 0 && rest.taken == state.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedLibslirp fuzzed;
  Program program(Bytes(data, size));
  while (!program.at_end()) {
    switch (program.number() % 9) {
      case 0: {
        const Bytes frame = program.piece();
        slirp_input(fuzzed.slirp, frame.data(), static_cast<int>(frame.size()));
        break;
      }
      case 1:
      case 2:
        send_segment(fuzzed, program);
        break;
      case 3:
        fuzzed.now += std::int64_t{program.number16()} * 1'000'000;
        fuzzed.turn();
        break;
      case 4:
        fuzzed.now -= std::int64_t{program.number()} << 24;
        break;
      case 5: {
        const Bytes bytes = program.piece();
        static_cast<void>(slirp_socket_can_recv(fuzzed.slirp, FuzzedLibslirp::forward(),
                                                FuzzedLibslirp::kFirstPort));
        slirp_socket_recv(fuzzed.slirp, FuzzedLibslirp::forward(), FuzzedLibslirp::kFirstPort,
                          bytes.data(), static_cast<int>(bytes.size()));
        break;
      }
      case 6:
        fuzzed.reentrant = true;
        break;
      case 7:
        fuzzed.appetite = program.number() == 0 ? SIZE_MAX : program.number();
        break;
      default:
        save_and_load(fuzzed);
    }
  }
  std::free(slirp_connection_info(fuzzed.slirp));
  std::free(slirp_neighbor_info(fuzzed.slirp));
  require(fuzzed.is_alive());
  return 0;
}
