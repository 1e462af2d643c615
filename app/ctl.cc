#include "app/ctl.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "app/control/client_request.h"
#include "app/control/request.h"
#include "app/control/tables.h"
#include "app/options/usage_error.h"
#include "app/startup.h"
#include "devices/link/socket_place.h"
#include "posix/descriptor.h"

namespace sluice {
namespace {

constexpr int kHelloId = 1;
constexpr int kRequestId = 2;

std::string socket_of(const CtlInvocation& invocation) {
  if (!invocation.socket.empty()) return invocation.socket;
  const char* const named = std::getenv("SLUICE_CONTROL");
  if (named != nullptr && *named != '\0') return named;
  throw UsageError("ctl: no network is named; expected --socket PATH, or SLUICE_CONTROL=PATH");
}

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

class Conversation {
 public:
  explicit Conversation(const std::string& path)
      : path_(path), socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const PlaceAddress address(UnixSocketName{.path = path});
    if (!socket_) fail("can't make a socket");
    // Nobody is waited for who has stopped.
    constexpr timeval kPatience{.tv_sec = 60, .tv_usec = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
    if (::connect(socket_.get(), address.data(), address.size()) < 0) {
      fail("can't reach a network at '" + path + "' (is 'sluice run --control " + path +
           "' running?)");
    }
  }

  void say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t size = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) fail("can't speak with the network at '" + path_ + "'");
      text.remove_prefix(static_cast<std::size_t>(size));
    }
  }

  // The answer to the request of that id.
  OrderedJson answer(int id) {
    constexpr int kMost = 16;  // lines before it
    for (int i = 0; i < kMost; ++i) {
      OrderedJson object = OrderedJson::parse(line(), nullptr, false);
      if (object.is_object() && object.contains("id") && object.at("id") == id) return object;
      if (object.is_object() && object.contains("error")) return object;
    }
    throw std::runtime_error("what listens at '" + path_ + "' does not speak as Sluice does");
  }

 private:
  std::string line() {
    constexpr std::size_t kLongest = std::size_t{64} << 20;
    std::array<char, 65536> bytes{};
    std::size_t end = 0;
    while ((end = heard_.find('\n')) == std::string::npos) {
      const ssize_t size = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
      if (size < 0 && errno == EINTR) continue;
      if (size < 0) fail("no answer comes from the network at '" + path_ + "'");
      if (size == 0 || heard_.size() > kLongest) {
        throw std::runtime_error("the network at '" + path_ + "' has ended the conversation");
      }
      heard_.append(bytes.data(), static_cast<std::size_t>(size));
    }
    std::string line = heard_.substr(0, end);
    heard_.erase(0, end + 1);
    return line;
  }

  const std::string path_;
  Descriptor socket_;
  std::string heard_;
};

// What was returned. Throws what was said against it.
OrderedJson returned(const OrderedJson& answer) {
  if (answer.contains("return")) return answer.at("return");
  const OrderedJson error = answer.value("error", OrderedJson::object());
  const bool has_text = error.is_object() && error.contains("desc") && error.at("desc").is_string();
  throw std::runtime_error(has_text ? error.at("desc").get<std::string>() : answer.dump());
}

}  // namespace

int run_ctl(const CtlInvocation& invocation) {
  const std::string request = client_request(invocation.words, kRequestId);
  Conversation conversation(socket_of(invocation));
  conversation.say(client_request({"qmp_capabilities"}, kHelloId));
  returned(conversation.answer(kHelloId));
  conversation.say(request);
  const OrderedJson value = returned(conversation.answer(kRequestId));
  print(invocation.json ? value.dump(2) + "\n" : table_of(invocation.words.front(), value));
  return 0;
}

}  // namespace sluice
