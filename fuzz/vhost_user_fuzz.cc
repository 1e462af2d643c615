// What a front end of vhost-user may say to the back end: messages in any order, with any payload
// and any descriptors, whole, in halves, or as no messages at all.
//
// What is kept of chains in flight may be in the client's memory, too, with anything in it: from
// the start, if the first byte has its highest bit, and as what is said changes it.
//
// Each byte is what is said next: the number of a request, of 40 or more: bytes as they are, and
// is followed by which descriptors go with it, and its payload. After a front end has been sent
// away, another one comes, and the guest of the last one is served.

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "devices/link/send_frame.h"
#include "devices/link/vhost_user/link.h"
#include "devices/link/vhost_user/test_client.h"
#include "fuzz/program.h"

namespace sluice::vhost_user {
namespace {

// A front end and a back end that are connected.
struct Pair {
  Pair() : Pair(connected()) {}
  explicit Pair(std::array<int, 2> ends)
      : client(Descriptor(ends[0])),
        link(Descriptor(ends[1]), {.mac = MacAddress({2, 0, 0, 0, 0, 1}), .pairs = 2},
             [](StreamPeer::News, const std::string& what) { require(!what.empty()); }) {}

  static std::array<int, 2> connected() {
    std::array<int, 2> ends{};
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    return ends;
  }
  std::size_t run() {
    std::size_t frames = 0;
    for (int i = 0; i < 8; ++i) frames += link.receive().size();
    while (client.take_answer()) {
    }
    return frames;
  }

  Client client;
  VhostUserLink link;
};

std::vector<int> descriptors_of(std::uint8_t choice, const Client& client) {
  const std::array<int, 4> all{client.memory.file().get(), client.kicks[0].get(),
                               client.calls[0].get(), 0};
  std::vector<int> chosen;
  for (unsigned i = 0; i < choice % 10U; ++i) chosen.push_back(all.at((choice / 10U + i) % 3));
  return chosen;
}

constexpr std::uint64_t kKept = 0x80000;

InflightArea area_of(Program& program) {
  return {.size = std::uint64_t{1} << 18,
          .offset = kKept + program.number(),
          .queues = static_cast<std::uint16_t>(program.number() % 6),
          .queue_size = static_cast<std::uint16_t>(program.number16() % 0x401)};
}

void put_kept(Program& program, Client& client) {
  const std::size_t at = program.number16();
  const Bytes bytes = program.piece();
  copy_bytes(bytes, client.memory.view(ClientMemory::kGuest + kKept + at, bytes.size()));
}

// Numbers of the size that regions have, which bytes of a program would hardly become.
std::vector<std::uint8_t> payload_of(Program& program) {
  const std::uint8_t kind = program.number();
  if (kind == 0) return Client::table_of({Client::kRegion});
  if (kind == 1) {
    auto single = Client::table_of({Client::kRegion});
    single[0] = 0;
    return single;
  }
  if (kind == 3) return area_of(program).emit(InflightArea::kPaddedSize);
  const Bytes bytes = program.piece();
  return {bytes.begin(), bytes.end()};
}

void run(Program& program) {
  Pair pair;
  const std::uint8_t start = program.number();
  std::optional<Client::Kept> kept;
  if (start >= 0x80) {
    while (program.number() != 0) put_kept(program, pair.client);
    kept = {area_of(program), pair.client.memory.file().get()};
  }
  if (start % 2 == 0) {
    pair.client.set_up(Client::kFeatures | (start % 4 == 2 && kept ? virtio::kRingPacked : 0),
                       kept);
  }
  for (int i = 0; !program.at_end() && i < 200; ++i) {
    const std::uint8_t what = program.number();
    if (what >= 60) {
      pair.client.send_raw(program.piece());
    } else if (what == 49) {
      put_kept(program, pair.client);
    } else if (what >= 50) {
      pair.client.transmit.make_available(what % 4);
      pair.client.kick(1);
      send_frame(pair.link, std::vector<std::uint8_t>(program.number16() % 9000 + 14));
      pair.link.flush();
    } else {
      const auto descriptors = descriptors_of(program.number(), pair.client);
      const std::uint8_t flags = program.number();
      pair.client.send(static_cast<Request>(what), payload_of(program), descriptors,
                       flags % 3 == 0 ? Header::kNeedReply : 0);
    }
    pair.run();
    if (pair.link.closed()) return;
  }
}

}  // namespace
}  // namespace sluice::vhost_user

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ::signal(SIGPIPE, SIG_IGN);
  sluice::Program program(sluice::Bytes(data, size));
  sluice::vhost_user::run(program);

  sluice::vhost_user::Pair next;
  next.client.set_up();
  next.client.transmit.add({{sluice::vhost_user::Client::kBuffers, 12 + 60}});
  next.client.kick(1);
  sluice::require(next.run() == 1);
  return 0;
}
