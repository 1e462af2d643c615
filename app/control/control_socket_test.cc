#include "app/control/control_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "app/control/scripted_network.h"
#include "app/private_directory.h"
#include "devices/link/socket_place.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;

// Somebody who asks, line by line.
class Caller {
 public:
  explicit Caller(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const PlaceAddress place(UnixSocketName{.path = path});
    EXPECT_EQ(::connect(socket_.get(), place.data(), place.size()), 0);
  }

  // As much as there is room for; returns how much that was.
  std::size_t say(std::string_view text) const {
    const ssize_t size = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    return size < 0 ? 0 : static_cast<std::size_t>(size);
  }
  // Takes what has come; false once the other side has ended.
  bool listen() {
    std::array<char, 65536> bytes{};
    for (;;) {
      const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (size < 0) return errno == EAGAIN;
      if (size == 0) return false;
      heard_.append(bytes.data(), static_cast<std::size_t>(size));
    }
  }
  std::string take_line() {
    const std::size_t end = heard_.find("\r\n");
    if (end == std::string::npos) return "";
    std::string line = heard_.substr(0, end);
    heard_.erase(0, end + 2);
    return line;
  }
  const std::string& heard() const { return heard_; }

 private:
  Descriptor socket_;
  std::string heard_;
};

constexpr auto kHello = R"({"execute":"qmp_capabilities"})";

class ControlSocketTest : public testing::Test {
 protected:
  void run() { loop_.run_for(milliseconds(2)); }
  // The next line that the caller hears.
  std::string line(Caller& caller) {
    for (int i = 0; i < 5000; ++i) {
      const bool goes_on = caller.listen();
      if (std::string text = caller.take_line(); !text.empty()) return text;
      if (!goes_on) return "the end";
      run();
    }
    return "nothing";
  }
  std::string all_until_the_end(Caller& caller) {
    for (int i = 0; i < 5000 && caller.listen(); ++i) run();
    return caller.heard();
  }
  std::unique_ptr<Caller> open() {
    auto caller = std::make_unique<Caller>(path_);
    caller->say(kHello);
    EXPECT_TRUE(line(*caller).starts_with("{\"QMP\""));
    EXPECT_EQ(line(*caller), "{\"return\":{}}");
    return caller;
  }

  PrivateDirectory directory_{"control-socket"};
  std::string path_ = directory_.path() + "/control";
  Loop loop_;
  ScriptedNetwork network_;
  ControlSocket control_{loop_, path_, network_,
                         [](const ApiRequest&) { return std::string("an answer"); }};
};

TEST_F(ControlSocketTest, IsItsOwnersAlone) {
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST_F(ControlSocketTest, ASilentClientIsGreeted) {
  Caller caller(path_);
  EXPECT_TRUE(line(caller).starts_with("{\"QMP\""));
}

TEST_F(ControlSocketTest, ManyRequestsAreAnsweredInTheirOrder) {
  const auto caller = open();
  constexpr int kRequests = 100;
  for (int i = 0; i < kRequests; ++i) {
    caller->say(R"({"execute":"set_link","arguments":{"name":"a","up":true},"id":)" +
                std::to_string(i) + "}");
  }
  for (int i = 0; i < kRequests; ++i) {
    EXPECT_EQ(line(*caller), "{\"return\":{},\"id\":" + std::to_string(i) + "}");
  }
  EXPECT_EQ(network_.asked.size(), 100U);
}

TEST_F(ControlSocketTest, ARequestMayComeInPieces) {
  const auto caller = open();
  for (const char letter : std::string(R"({"execute":"quit"})")) {
    caller->say(std::string(1, letter));
    run();
  }
  EXPECT_EQ(line(*caller), "{\"return\":{}}");
}

TEST_F(ControlSocketTest, ClientsOfSlirp4netnsGetOneAnswerAndTheEnd) {
  Caller caller(path_);
  caller.say(R"({"execute":"list_hostfwd"})");
  EXPECT_EQ(all_until_the_end(caller), "an answer");
}

TEST_F(ControlSocketTest, SeveralClientsAtOnceAndASilentOneHoldsUpNobody) {
  Caller silent(path_);
  const auto one = open();
  const auto two = open();
  one->say(R"({"execute":)");
  two->say(R"({"execute":"query-version"})");
  EXPECT_TRUE(line(*two).starts_with("{\"return\""));
  one->say(R"("query-version"})");
  EXPECT_TRUE(line(*one).starts_with("{\"return\""));
}

TEST_F(ControlSocketTest, HostileInputEndsThatClientOnly) {
  const auto good = open();
  for (const std::string& bad :
       {std::string("\x16\x03\x01\xff"), std::string(200'000, '['),
        "{\"a\":" + std::string(40, '['), "{\"" + std::string(100'000, 'x')}) {
    Caller caller(path_);
    for (std::size_t said = 0; said < bad.size();) {
      const std::size_t count = caller.say(std::string_view(bad).substr(said));
      if (count == 0) break;
      said += count;
      run();
    }
    EXPECT_NE(all_until_the_end(caller).find("\"error\""), std::string::npos);
  }
  for (int i = 0; i < 200; ++i) {
    Caller(path_).say("{\"execute\"");
    run();
  }
  good->say(R"({"execute":"query-version"})");
  EXPECT_TRUE(line(*good).starts_with("{\"return\""));
}

TEST_F(ControlSocketTest, WhoDoesNotTakeAnswersIsNotReadFrom) {
  const auto slow = open();
  network_.has.resize(1000, {.id = "a", .type = "tap", .text = std::string(200, 'x'), .port = {}});
  const std::string request = R"({"execute":"query-netdev"})";
  std::size_t said = 0;
  constexpr std::size_t kMuch = std::size_t{16} << 20;
  while (said < kMuch && slow->say(request) == request.size()) {
    said += request.size();
    run();
  }
  EXPECT_LT(said, kMuch) << "all that was said has found a place here";
  const auto other = open();
  EXPECT_TRUE(line(*slow).starts_with("{\"return\":[{"));
  EXPECT_TRUE(line(*slow).starts_with("{\"return\":[{")) << "it goes on when it is listened to";
}

TEST_F(ControlSocketTest, OfManySilentClientsTheOldestGivesWay) {
  const auto first = open();
  std::vector<std::unique_ptr<Caller>> others;
  for (std::size_t i = 0; i < ControlSocket::kMaxClients; ++i) {
    others.push_back(open());
    if (i != 0) continue;
    first->say(R"({"execute":"query-version"})");
    EXPECT_TRUE(line(*first).starts_with("{\"return\""));
  }
  EXPECT_EQ(line(*others[0]), "the end");
  first->say(R"({"execute":"query-version"})");
  EXPECT_TRUE(line(*first).starts_with("{\"return\"")) << "it has spoken since";
}

}  // namespace
}  // namespace sluice
