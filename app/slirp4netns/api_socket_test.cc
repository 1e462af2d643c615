#include "app/slirp4netns/api_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>

#include "app/private_directory.h"
#include "devices/link/socket_place.h"

namespace sluice {
namespace {

using namespace std::chrono_literals;

// Somebody who asks.
class Caller {
 public:
  explicit Caller(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const PlaceAddress place(UnixSocketName{.path = path});
    EXPECT_EQ(::connect(socket_.get(), place.data(), place.size()), 0);
  }

  void say(const std::string& text) const {
    EXPECT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void end() const { ::shutdown(socket_.get(), SHUT_WR); }

  // What has come so far, and whether the other side has ended; nullopt after a reset.
  struct Heard {
    std::string text;
    bool ended = false;
  };
  std::optional<Heard> heard() {
    std::array<char, 65536> bytes{};
    for (;;) {
      const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (size < 0 && errno == EAGAIN) return heard_;
      if (size < 0) return std::nullopt;
      if (size == 0) heard_.ended = true;
      if (size == 0) return heard_;
      heard_.text.append(bytes.data(), static_cast<std::size_t>(size));
    }
  }

 private:
  Descriptor socket_;
  Heard heard_;
};

class ApiSocketTest : public testing::Test {
 protected:
  // Everything that can happen by now has happened afterwards: the sockets are local.
  void run() { loop_.run_for(5ms); }

  // Runs until the caller has heard the end.
  std::string answer_to(Caller& caller) {
    for (int i = 0; i < 2000; ++i) {
      const auto heard = caller.heard();
      if (!heard) return "reset";
      if (heard->ended) return heard->text;
      run();
    }
    return "no answer";
  }

  PrivateDirectory directory_{"api-socket"};
  std::string path_ = directory_.path() + "/api";
  Loop loop_;
  std::string reply_ = "answer";
  int requests_ = 0;
  ApiSocket api_{loop_, path_, [this](const ApiRequest& request) {
                   ++requests_;
                   return std::holds_alternative<ListHostForwards>(request) ? reply_ : "wrong";
                 }};
};

constexpr auto kRequest = R"({"execute":"list_hostfwd"})";

TEST_F(ApiSocketTest, ACompleteRequestIsAnsweredThoughItsSenderGoesOn) {
  Caller caller(path_);
  caller.say(kRequest);
  EXPECT_EQ(answer_to(caller), "answer");
}

TEST_F(ApiSocketTest, ARequestMayComeInPieces) {
  Caller caller(path_);
  for (const char letter : std::string(kRequest)) {
    caller.say(std::string(1, letter));
    run();
  }
  EXPECT_EQ(answer_to(caller), "answer");
  EXPECT_EQ(requests_, 1);
}

TEST_F(ApiSocketTest, TheEndOfTheSenderEndsAnUnfinishedRequest) {
  Caller caller(path_);
  caller.say("{");
  caller.end();
  EXPECT_EQ(answer_to(caller), "wrong");
}

TEST_F(ApiSocketTest, ALongRequestIsRefusedAndTheAnswerArrives) {
  Caller caller(path_);
  caller.say(std::string(5 * ApiSocket::kMaxRequest, ' '));
  EXPECT_EQ(answer_to(caller), R"({"error":{"desc":"bad request: too large message"}})");
  Caller other(path_);
  other.say(kRequest + std::string(ApiSocket::kMaxRequest - 1 - std::string(kRequest).size(), ' '));
  EXPECT_EQ(answer_to(other), "answer");
}

TEST_F(ApiSocketTest, TheLongestAnswerArrivesWhole) {
  reply_ = std::string(160 << 10, 'x');
  Caller caller(path_);
  caller.say(kRequest);
  EXPECT_EQ(answer_to(caller), reply_);
}

TEST_F(ApiSocketTest, ASilentCallerHoldsUpNobody) {
  Caller silent(path_);
  run();
  Caller caller(path_);
  caller.say(kRequest);
  EXPECT_EQ(answer_to(caller), "answer");
  silent.say(kRequest);
  EXPECT_EQ(answer_to(silent), "answer");
}

TEST_F(ApiSocketTest, OfManySilentCallersTheOldestGiveWay) {
  std::vector<Caller> callers;
  for (std::size_t i = 0; i < ApiSocket::kMaxConnections + 2; ++i) {
    callers.emplace_back(path_);
    run();
  }
  EXPECT_EQ(answer_to(callers[0]), "");
  EXPECT_EQ(answer_to(callers[1]), "");
  callers[2].say(kRequest);
  EXPECT_EQ(answer_to(callers[2]), "answer");
}

TEST_F(ApiSocketTest, WhoeverGoesAwayIsForgotten) {
  for (int i = 0; i < 200; ++i) {
    Caller caller(path_);
    caller.say("{");
  }
  Caller caller(path_);
  caller.say(kRequest);
  EXPECT_EQ(answer_to(caller), "answer");
}

TEST(ApiSocketFile, IsRemovedAtTheEnd) {
  const PrivateDirectory directory("api-socket");
  const std::string path = directory.path() + "/api";
  Loop loop;
  {
    ApiSocket api(loop, path, [](const ApiRequest&) { return ""; });
    EXPECT_EQ(::access(path.c_str(), F_OK), 0);
  }
  EXPECT_NE(::access(path.c_str(), F_OK), 0);
}

TEST(ApiSocketFile, AWrongPathIsTold) {
  Loop loop;
  const auto answer = [](const ApiRequest&) { return std::string(); };
  EXPECT_THROW(ApiSocket(loop, "/nonexistent/api", answer), std::system_error);
  EXPECT_THROW(ApiSocket(loop, "/tmp/" + std::string(120, 'x'), answer), std::system_error);
}

}  // namespace
}  // namespace sluice
