// A client and the server with a link between them that loses, copies and delays.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "services/tftp/scripted_client.h"
#include "services/tftp/scripted_files.h"
#include "services/tftp/server.h"
#include "stack/random.h"
#include "tests/sim/service_world.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Impairment {
  std::uint32_t lost = 0;      // of a hundred datagrams
  std::uint32_t copied = 0;    // of a hundred datagrams
  std::uint32_t delay_ms = 0;  // at most
  std::uint64_t seed = 0;
};

class Delivery {
 public:
  Delivery(Octets content, ScriptedTftpClient client, const Impairment& impairment)
      : client_(std::move(client)), impairment_(impairment), random_({impairment.seed, 1}) {
    files_.contents["f"] = std::move(content);
  }

  // Until the client has come to its end.
  void run() {
    to_server(client_.on_timeout());
    Time patience = world_.now + kPatience;
    while (!client_.done() && !client_.error() && world_.now < Time() + hours(10)) {
      Time next = patience;
      if (!link_.empty()) next = std::min(next, link_.begin()->first);
      if (const auto deadline = world_.timers.deadline()) next = std::min(next, *deadline);
      world_.pass(std::max(next, world_.now) - world_.now);
      collect();
      if (world_.now >= patience) {
        to_server(client_.on_timeout());
        patience = world_.now + kPatience;
      }
      while (!link_.empty() && link_.begin()->first <= world_.now) {
        if (deliver()) patience = world_.now + kPatience;
      }
    }
  }
  // Until nothing is on its way any more and the server has given up waiting.
  void settle() {
    while (!link_.empty()) {
      world_.pass(std::max(link_.begin()->first, world_.now) - world_.now);
      collect();
      deliver();
    }
    world_.pass(hours(2));
  }

  const ScriptedTftpClient& client() const { return client_; }
  const ScriptedFiles& files() const { return files_; }
  const TftpServer& server() const { return server_; }

 private:
  struct Sent {
    bool to_client;
    Octets bytes;
  };

  void put(const Sent& sent) {
    if (random_.below(100) < impairment_.lost) return;
    const int copies = random_.below(100) < impairment_.copied ? 2 : 1;
    for (int i = 0; i < copies; ++i) {
      const auto delay = milliseconds(random_.below(impairment_.delay_ms + 1));
      link_.emplace(world_.now + delay, sent);
    }
  }
  void to_server(const Octets& bytes) { put({false, bytes}); }
  void collect() {
    for (const auto& sent : world_.sent) put({true, sent.payload});
    world_.sent.clear();
  }
  // Hands over what is first on the link; true if the client sent something for it.
  bool deliver() {
    const Sent sent = link_.begin()->second;
    link_.erase(link_.begin());
    if (!sent.to_client) {
      server_.on_datagram(world_.now, {{}, kClient, kServer, sent.bytes});
      collect();
      return false;
    }
    const auto answer = client_.on_datagram(sent.bytes);
    if (answer) to_server(*answer);
    return answer.has_value();
  }

  static constexpr Endpoint kClient{IpAddress::v4(10, 0, 2, 15), 2070};
  static constexpr Endpoint kServer{IpAddress::v4(10, 0, 2, 2), kTftpPort};
  static constexpr Duration kPatience = seconds(3);

  ScriptedTftpClient client_;
  Impairment impairment_;
  Random random_;
  ScriptedFiles files_;
  ServiceWorld world_;
  // It gives up only where an impaired link is not to blame.
  TftpServer server_{TftpConfig{.max_tries = 60}, world_.context(), files_};
  std::multimap<Time, Sent> link_;
};

// The text that netascii stands for.
Octets decoded(const Octets& text) {
  Octets content;
  for (std::size_t i = 0; i < text.size(); ++i) {
    content.push_back(text[i]);
    if (text[i] != '\r' || ++i == text.size()) continue;
    if (text[i] == '\n') content.back() = '\n';
  }
  return content;
}

TEST(TftpDelivery, BlockNumbersRollOver) {
  for (const bool windowed : {false, true}) {
    Octets content(std::size_t{8} * 70000);
    for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<std::uint8_t>(i / 8);
    TftpOptions options{.block_size = 8};
    if (windowed) options.window_size = 7;
    Delivery delivery(content, {"f", "octet", options}, {});
    delivery.run();
    ASSERT_TRUE(delivery.client().done());
    EXPECT_EQ(delivery.client().content(), content);
    EXPECT_EQ(delivery.server().counters().blocks, 70001U);
    EXPECT_EQ(delivery.server().counters().timeouts, 0U);
  }
}

TEST(TftpDelivery, TheLargestBlocksArrive) {
  const Octets content(1 << 20, 'x');
  Delivery delivery(content, {"f", "octet", {.block_size = 65464, .window_size = 64}}, {});
  delivery.run();
  EXPECT_EQ(delivery.client().content(), content);
}

RC_GTEST_PROP(TftpDeliveryProperty, AFileArrivesExactlyOverAnyLink, ()) {
  const auto piece =
      *rc::gen::container<Octets>(rc::gen::element<std::uint8_t>('a', 'b', '\r', '\n', '\0', 0xff));
  const auto blocks = *rc::gen::inRange<std::size_t>(0, 120);
  const bool has_block_size = *rc::gen::inRange(0, 4) != 0;
  TftpOptions options;
  if (has_block_size) options.block_size = *rc::gen::inRange<std::uint64_t>(8, 100);
  if (*rc::gen::arbitrary<bool>()) options.window_size = *rc::gen::inRange<std::uint64_t>(1, 66);
  if (*rc::gen::arbitrary<bool>()) options.transfer_size = 0;
  if (*rc::gen::inRange(0, 4) == 0) options.timeout = *rc::gen::inRange<std::uint64_t>(1, 5);
  const bool translated = *rc::gen::arbitrary<bool>();

  Octets content;
  const std::size_t size =
      (has_block_size ? *options.block_size : 512) * blocks + *rc::gen::inRange<std::size_t>(0, 9);
  while (content.size() < size) {
    content.push_back(static_cast<std::uint8_t>(content.size() / 50));
    content.insert(content.end(), piece.begin(), piece.end());
  }
  if (*rc::gen::arbitrary<bool>()) content.resize(size);  // often a whole number of blocks
  const Impairment impairment{*rc::gen::inRange(0U, 25U), *rc::gen::inRange(0U, 30U),
                              *rc::gen::inRange(0U, 400U), *rc::gen::arbitrary<std::uint64_t>()};

  Delivery delivery(content, {"f", translated ? "netascii" : "octet", options}, impairment);
  delivery.run();
  RC_ASSERT(delivery.client().done());
  const Octets& got = delivery.client().content();
  RC_ASSERT((translated ? decoded(got) : got) == content);
  if (options.transfer_size && !translated) {
    RC_ASSERT(delivery.client().agreed().transfer_size == content.size());
  }
  delivery.settle();
  RC_ASSERT(delivery.server().transfers() == 0U);
  RC_ASSERT(delivery.files().opened() == 0U);
}

}  // namespace
}  // namespace sluice
