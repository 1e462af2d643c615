#include "services/tftp/server.h"

#include <gtest/gtest.h>

#include <string>

#include "services/tftp/scripted_files.h"
#include "tests/sim/service_world.h"

namespace sluice {
namespace {

using namespace std::string_view_literals;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Endpoint kServer{IpAddress::v4(10, 0, 2, 2), kTftpPort};

Endpoint client_at(std::uint16_t port) {
  return {IpAddress::v4(10, 0, 2, 15), port};
}

// What the server sent, in a form to compare.
std::string described(const TftpMessage& message) {
  const auto number = [](const std::optional<std::uint64_t>& value) {
    return value ? std::to_string(*value) : std::string("-");
  };
  if (const auto* data = std::get_if<TftpData>(&message)) {
    return "data " + std::to_string(data->block) + " " + std::to_string(data->data.size());
  }
  if (const auto* error = std::get_if<TftpError>(&message)) {
    return "error " + std::to_string(static_cast<int>(error->code));
  }
  if (const auto* agreed = std::get_if<TftpOptionAcknowledgment>(&message)) {
    const TftpOptions& options = agreed->options;
    return "options " + number(options.block_size) + " " + number(options.transfer_size) + " " +
           number(options.timeout) + " " + number(options.window_size);
  }
  return "something else";
}

class World {
 public:
  explicit World(const TftpConfig& config = {}) : server_(config, world_.context(), files_) {
    files_.contents["f"] = Octets(1300, 'f');
    files_.contents["empty"] = {};
    files_.contents["g"] = Octets(100, 'g');
  }

  void give(Bytes payload, std::uint16_t port = 1000) { give(payload, client_at(port), kServer); }
  void give(Bytes payload, const Endpoint& from, const Endpoint& to) {
    server_.on_datagram(world_.now, {kMac, from, to, payload});
  }
  void give(const TftpMessage& message, std::uint16_t port = 1000) {
    Octets bytes(4096);
    bytes.resize(emit_tftp(message, bytes));
    give(bytes, port);
  }
  void ask(std::string_view file, const TftpOptions& options = {}, std::uint16_t port = 1000,
           std::string_view mode = "octet") {
    give(TftpRequest{false, file, mode, options}, port);
  }
  void acknowledge(std::uint16_t block, std::uint16_t port = 1000) {
    give(TftpAcknowledgment{block}, port);
  }
  void pass(Duration time) { world_.pass(time); }

  // What was sent since the last call; "" between two of them.
  std::string said() {
    std::string text;
    for (const auto& sent : world_.sent) {
      EXPECT_EQ(sent.from, kServer);
      EXPECT_EQ(sent.link_to, kMac);
      const auto message = parse_tftp(sent.payload);
      if (!text.empty()) text += ", ";
      text += message ? described(*message) : "nonsense";
      last_ = sent;
    }
    world_.sent.clear();
    return text;
  }
  // The last message that said() told of.
  const ServiceWorld::Sent& last() const { return last_; }
  ScriptedFiles& files() { return files_; }
  TftpServer& server() { return server_; }
  const TftpCounters& counters() const { return server_.counters(); }

 private:
  static constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};

  ScriptedFiles files_;
  ServiceWorld world_;
  TftpServer server_;
  ServiceWorld::Sent last_;
};

TEST(TftpServer, SendsAFileBlockByBlock) {
  World world;
  world.ask("f");
  EXPECT_EQ(world.said(), "data 1 512");
  EXPECT_EQ(world.last().to, client_at(1000));
  world.acknowledge(1);
  EXPECT_EQ(world.said(), "data 2 512");
  world.acknowledge(2);
  EXPECT_EQ(world.said(), "data 3 276");
  EXPECT_EQ(world.server().transfers(), 1U);
  world.acknowledge(3);
  EXPECT_EQ(world.said(), "");
  EXPECT_EQ(world.server().transfers(), 0U);
  EXPECT_EQ(world.files().opened(), 0U);
  EXPECT_EQ(world.counters().completed, 1U);
}

TEST(TftpServer, AnEmptyFileIsOneEmptyBlock) {
  World world;
  world.ask("empty");
  EXPECT_EQ(world.said(), "data 1 0");
  world.acknowledge(1);
  EXPECT_EQ(world.counters().completed, 1U);
}

TEST(TftpServer, ModesAreOfAnyCase) {
  World world;
  world.files().contents["text"] = {'a', '\n'};
  world.ask("text", {}, 1000, "NetASCII");
  EXPECT_EQ(world.said(), "data 1 3");
  world.ask("text", {}, 1001, "OCTET");
  EXPECT_EQ(world.said(), "data 1 2");
}

TEST(TftpServer, AgreesOnOptionsBeforeTheFirstBlock) {
  World world;
  world.ask("f", {1000, 0, 2, 2});
  EXPECT_EQ(world.said(), "options 1000 1300 2 2");
  world.acknowledge(0);
  EXPECT_EQ(world.said(), "data 1 1000, data 2 300");
  world.acknowledge(2);
  EXPECT_EQ(world.counters().completed, 1U);
}

TEST(TftpServer, WithoutUsableOptionsSendsTheFirstBlockAtOnce) {
  World world;
  world.ask("f", {.block_size = 4});
  EXPECT_EQ(world.said(), "data 1 512");
}

TEST(TftpServer, SendsAgainWithGrowingPausesAndThenGivesUp) {
  World world;
  world.ask("f");
  world.said();
  for (const int pause : {1, 2, 4, 8, 8}) {
    world.pass(seconds(pause) - milliseconds(20));
    EXPECT_EQ(world.said(), "");
    world.pass(milliseconds(22));
    EXPECT_EQ(world.said(), "data 1 512");
  }
  world.pass(seconds(7));
  EXPECT_EQ(world.server().transfers(), 1U);
  world.pass(seconds(2));
  EXPECT_EQ(world.said(), "");
  EXPECT_EQ(world.server().transfers(), 0U);
  EXPECT_EQ(world.counters().expired, 1U);
  EXPECT_EQ(world.files().opened(), 0U);
}

TEST(TftpServer, WaitsAsLongAsTheClientSays) {
  World world;
  world.ask("f", {.timeout = 20});
  EXPECT_EQ(world.said(), "options - - 20 -");
  world.pass(milliseconds(19990));
  EXPECT_EQ(world.said(), "");
  world.pass(milliseconds(22));
  EXPECT_EQ(world.said(), "options - - 20 -");
}

TEST(TftpServer, ACopyOfAnAcknowledgmentIsNotAnsweredWithACopyOfABlock) {
  World world;
  world.ask("f");
  world.acknowledge(1);
  world.said();
  for (int i = 0; i < 5; ++i) world.acknowledge(1);
  EXPECT_EQ(world.said(), "");
  EXPECT_EQ(world.counters().stale, 5U);
}

TEST(TftpServer, AnAcknowledgmentWithinTheWindowMovesIt) {
  World world;
  world.files().contents["f"] = Octets(100, 'f');
  world.ask("f", {.block_size = 16, .window_size = 4});
  world.acknowledge(0);
  EXPECT_EQ(world.said(), "options 16 - - 4, data 1 16, data 2 16, data 3 16, data 4 16");
  world.acknowledge(2);
  EXPECT_EQ(world.said(), "data 3 16, data 4 16, data 5 16, data 6 16");
  world.acknowledge(2);
  world.acknowledge(2);
  EXPECT_EQ(world.said(), "data 3 16, data 4 16, data 5 16, data 6 16");
  world.acknowledge(6);
  EXPECT_EQ(world.said(), "data 7 4");
}

TEST(TftpServer, ACopyOfARequestGetsTheFirstAnswerAgain) {
  World world;
  world.ask("f");
  world.ask("f");
  EXPECT_EQ(world.said(), "data 1 512, data 1 512");
  world.ask("g", {.transfer_size = 0}, 1001);
  world.ask("g", {.transfer_size = 0}, 1001);
  EXPECT_EQ(world.said(), "options - 100 - -, options - 100 - -");
  EXPECT_EQ(world.files().opened(), 2U);
  EXPECT_EQ(world.counters().repeated, 2U);
}

TEST(TftpServer, AnotherRequestOfTheSameClientReplacesItsTransfer) {
  World world;
  world.ask("f");
  world.acknowledge(1);
  world.ask("g");
  EXPECT_EQ(world.said(), "data 1 512, data 2 512, data 1 100");
  EXPECT_EQ(world.files().opened(), 1U);
  world.acknowledge(1);
  EXPECT_EQ(world.counters().replaced, 1U);
  EXPECT_EQ(world.counters().completed, 1U);
}

TEST(TftpServer, AClientThatStartsOverGetsTheFileAsItIsNow) {
  for (const bool options : {false, true}) {
    World world;
    const TftpOptions proposed = options ? TftpOptions{.transfer_size = 0} : TftpOptions();
    world.ask("f", proposed);
    for (std::uint16_t block = options ? 0 : 1; block <= 2; ++block) world.acknowledge(block);
    world.files().contents["f"] = Octets(600, 'n');
    world.said();
    world.ask("f", proposed);
    const std::string first = options ? "options - 600 - -" : "data 1 512";
    EXPECT_EQ(world.said(), first);
    world.ask("f", proposed);
    EXPECT_EQ(world.said(), first);
    world.pass(milliseconds(1010));
    EXPECT_EQ(world.said(), first);
    if (options) {
      world.acknowledge(0);
      EXPECT_EQ(world.said(), "data 1 512");
    }
    EXPECT_EQ(world.files().opened(), 2U);
    world.acknowledge(1);
    EXPECT_EQ(world.said(), "data 2 88");
    EXPECT_EQ(world.last().payload.back(), 'n');
    world.acknowledge(2);
    EXPECT_EQ(world.files().opened(), 0U);
    EXPECT_EQ(world.counters().completed, 1U);
    EXPECT_EQ(world.counters().replaced, 1U);
  }
}

TEST(TftpServer, ALateCopyOfARequestDoesNotDisturbItsTransfer) {
  World world;
  world.ask("f", {.block_size = 256});
  for (std::uint16_t block = 0; block <= 2; ++block) world.acknowledge(block);
  world.said();
  world.ask("f", {.block_size = 256});
  EXPECT_EQ(world.said(), "options 256 - - -");
  world.acknowledge(3);
  EXPECT_EQ(world.said(), "data 4 256");
  EXPECT_EQ(world.files().opened(), 1U);
  world.ask("f", {.block_size = 256});
  world.acknowledge(0);  // late as well
  EXPECT_EQ(world.said(), "options 256 - - -, data 1 256");
  world.acknowledge(4);
  world.acknowledge(5);
  EXPECT_EQ(world.said(), "data 5 256, data 6 20");
  EXPECT_EQ(world.files().opened(), 1U);
}

TEST(TftpServer, ClientsAreTheirEndpoints) {
  World world;
  world.ask("f", {}, 1000);
  world.ask("g", {}, 1001);
  EXPECT_EQ(world.said(), "data 1 512, data 1 100");
  world.acknowledge(1, 1001);
  world.acknowledge(1, 1000);
  EXPECT_EQ(world.said(), "data 2 512");
}

TEST(TftpServer, SaysWhyThereIsNoFile) {
  World world;
  auto& errors = world.files().errors;
  errors["secret"] = std::errc::permission_denied;
  errors["directory"] = std::errc::is_a_directory;
  errors["f/x"] = std::errc::not_a_directory;
  errors["busy"] = std::errc::too_many_files_open;
  errors["broken"] = std::errc::io_error;
  for (const auto& [file, answer] :
       {std::pair("nothing", "error 1"), std::pair("secret", "error 2"),
        std::pair("directory", "error 2"), std::pair("f/x", "error 1"),
        std::pair("busy", "error 0"), std::pair("broken", "error 0")}) {
    world.ask(file);
    EXPECT_EQ(world.said(), answer) << file;
  }
  EXPECT_EQ(world.counters().refused, 6U);
  EXPECT_EQ(world.server().transfers(), 0U);
}

TEST(TftpServer, TakesPathsAsClientsWriteThem) {
  World world;
  world.files().contents["boot/x y"] = {1};
  for (const std::string_view path : {"boot/x y", "/boot/x y", "\\boot\\x y"}) {
    world.ask(path);
    EXPECT_EQ(world.said(), "data 1 1") << path;
    world.acknowledge(1);
  }
  world.ask("../../etc/passwd");
  EXPECT_EQ(world.files().last_path, "../../etc/passwd");
}

TEST(TftpServer, RefusesNamesThatNoFileHas) {
  World world;
  for (const std::string& name :
       {std::string(), std::string("a\nb"), std::string("a\x7f"), std::string(513, 'x')}) {
    world.ask(name);
    EXPECT_EQ(world.said(), "error 2");
  }
  EXPECT_EQ(world.files().last_path, "");
  world.ask(std::string(512, 'x'));
  EXPECT_EQ(world.said(), "error 1");
}

TEST(TftpServer, RefusesToWriteAndWhatItDoesNotUnderstand) {
  World world;
  world.give(TftpRequest{true, "f", "octet", {}});
  EXPECT_EQ(world.said(), "error 2");
  world.ask("f", {}, 1000, "mail");
  EXPECT_EQ(world.said(), "error 4");
  for (const std::string_view text : {"\0\0"sv, "\0\7"sv, "\0\1f"sv, "\0\4\0"sv, "\0\3\0\1x"sv}) {
    world.give(as_bytes(text));
    EXPECT_EQ(world.said(), "error 4");
  }
  EXPECT_EQ(world.server().transfers(), 0U);
}

TEST(TftpServer, AnAcknowledgmentOfNoTransferIsOfAnUnknownOne) {
  World world;
  world.acknowledge(1);
  EXPECT_EQ(world.said(), "error 5");
  EXPECT_EQ(world.counters().unknown, 1U);
}

// As tftp-hpa does: the answer would be taken for one to its next request.
TEST(TftpServer, WhoAcknowledgesAnErrorOrTheEndAgainIsNotAnswered) {
  World world;
  world.ask("nothing");
  EXPECT_EQ(world.said(), "error 1");
  world.acknowledge(1);
  world.acknowledge(7, 1001);
  EXPECT_EQ(world.said(), "error 5");
  world.acknowledge(7, 1001);
  world.ask("g", {}, 1002);
  world.acknowledge(1, 1002);
  EXPECT_EQ(world.said(), "data 1 100");
  world.acknowledge(1, 1002);
  EXPECT_EQ(world.said(), "");
  EXPECT_EQ(world.counters().stale, 3U);
}

TEST(TftpServer, AnErrorEndsTheTransferAndIsNeverAnswered) {
  World world;
  world.ask("f", {.transfer_size = 0});
  world.said();
  world.give(TftpError{TftpErrorCode::kOptionsRefused, "no"});
  world.give(TftpError{TftpErrorCode::kOther, "no"});
  world.give(as_bytes("\0\5"sv));
  EXPECT_EQ(world.said(), "");
  EXPECT_EQ(world.counters().aborted, 1U);
  EXPECT_EQ(world.counters().dropped, 2U);
  EXPECT_EQ(world.files().opened(), 0U);
  world.ask("f");
  EXPECT_EQ(world.said(), "data 1 512");
}

TEST(TftpServer, AFileThatCantBeReadOnEndsItsTransfer) {
  World world;
  world.ask("f");
  world.files().read_error = std::errc::io_error;
  world.acknowledge(1);
  EXPECT_EQ(world.said(), "data 1 512, error 0");
  EXPECT_EQ(world.counters().failed, 1U);
  EXPECT_EQ(world.files().opened(), 0U);
  world.ask("f");
  EXPECT_EQ(world.said(), "error 0");
  EXPECT_EQ(world.counters().failed, 2U);
}

TEST(TftpServer, TheLeastRecentlyActiveTransferGivesWay) {
  World world;
  for (std::uint16_t port = 1; port <= 32; ++port) world.ask("f", {}, port);
  world.acknowledge(1, 1);
  world.said();
  world.ask("f", {}, 33);
  EXPECT_EQ(world.said(), "error 0, data 1 512");
  EXPECT_EQ(world.server().transfers(), 32U);
  EXPECT_EQ(world.files().opened(), 32U);
  world.acknowledge(1, 2);
  world.acknowledge(2, 1);
  EXPECT_EQ(world.said(), "data 3 276");
  EXPECT_EQ(world.counters().gave_way, 1U);
}

TEST(TftpServer, KeepsSilentToNobodyAndToWhatWasSentToAll) {
  World world;
  Octets request(64);
  request.resize(emit_tftp(TftpRequest{false, "f", "octet", {}}, request));
  world.give(request, 0);
  world.give(request, {IpAddress::v4(0), 1000}, kServer);
  world.give(request, {IpAddress::v4(0xffffffff), 1000}, kServer);
  world.give(request, client_at(1000), {IpAddress::v4(0xffffffff), kTftpPort});
  world.give(Bytes());
  EXPECT_EQ(world.said(), "");
  EXPECT_EQ(world.counters().dropped, 5U);
}

TEST(TftpServer, ClosesItsFilesWhenItEnds) {
  ScriptedFiles files;
  files.contents["f"] = Octets(1300, 'f');
  {
    ServiceWorld world;
    TftpServer server({}, world.context(), files);
    Octets request(64);
    request.resize(emit_tftp(TftpRequest{false, "f", "octet", {}}, request));
    Octets answer(4);
    emit_tftp(TftpAcknowledgment{1}, answer);
    for (const Bytes payload : {Bytes(request), Bytes(answer), Bytes(request)}) {
      server.on_datagram(world.now, {MacAddress(), client_at(1000), kServer, payload});
    }
    EXPECT_EQ(files.opened(), 2U);
  }
  EXPECT_EQ(files.opened(), 0U);
}

}  // namespace
}  // namespace sluice
