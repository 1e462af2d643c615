// A life of the TFTP server: what clients ask and acknowledge, how files fail and change, and how
// time goes by. The input is a program of one-byte operations with their arguments.
//
// Whatever happened, only a server's messages are sent, nothing is held beyond the limits, and once
// everybody is gone and time has passed every request has come to exactly one of its ends.

#include <string>

#include "fuzz/program.h"
#include "services/tftp/scripted_files.h"
#include "services/tftp/server.h"
#include "tests/sim/service_world.h"

namespace {

using namespace sluice;  // NOLINT(google-build-using-namespace): one program

constexpr IpAddress kGuest = IpAddress::v4(10, 0, 2, 15);
constexpr Endpoint kServer{IpAddress::v4(10, 0, 2, 2), kTftpPort};

class Life {
 public:
  explicit Life(Bytes bytes) : program_(bytes) {
    files_.contents["empty"] = {};
    files_.contents["text"] = lines();
    files_.contents["large"] = Octets(20000, 'x');
    files_.errors["secret"] = std::errc::permission_denied;
  }

  void run() {
    for (int steps = 0; steps < 300 && !program_.at_end(); ++steps) {
      step();
      check();
    }
    // Six tries, 255 seconds apart where a client wants it so.
    world_.pass(std::chrono::seconds(6 * 256));
    check();
    require(server_.transfers() == 0 && files_.opened() == 0 && !world_.timers.deadline());
    const TftpCounters& all = server_.counters();
    require(all.requests == all.refused + all.completed + all.replaced + all.aborted + all.failed +
                                all.gave_way + all.expired);
  }

 private:
  static Octets lines() {
    Octets text;
    for (int i = 0; i < 300; ++i) {
      text.insert(text.end(), static_cast<std::size_t>(i % 9), 'a');
      text.push_back(i % 4 == 0 ? '\r' : '\n');
    }
    return text;
  }

  void give(Bytes payload) {
    const std::uint8_t port = program_.number();
    server_.on_datagram(world_.now, {{}, {kGuest, port}, kServer, payload});
  }
  void give(const TftpMessage& message) {
    Octets bytes(1024);
    bytes.resize(emit_tftp(message, bytes));
    give(bytes);
  }

  void ask() {
    static constexpr std::array<std::string_view, 6> kNames{"empty",  "text",   "large",
                                                            "secret", "\\text", "no"};
    const std::uint8_t choice = program_.number();
    TftpOptions options;
    if ((choice & 1) != 0) options.block_size = std::uint64_t{program_.number()} * 257;
    if ((choice & 2) != 0) options.transfer_size = 0;
    if ((choice & 4) != 0) options.timeout = program_.number();
    if ((choice & 8) != 0) options.window_size = program_.number();
    give(TftpRequest{(choice & 16) != 0, kNames.at(program_.number() % kNames.size()),
                     (choice & 32) != 0 ? "netascii" : "octet", options});
  }

  void step() {
    switch (program_.number() % 8) {
      case 0:
        return give(program_.piece());
      case 1:
        return ask();
      case 2:
        return give(TftpAcknowledgment{program_.number()});
      case 3: {
        // The clients' ordinary course: many acknowledgments in a row.
        const std::uint8_t port = program_.number();
        std::uint16_t block = program_.number();
        for (int i = program_.number(); i > 0; --i) {
          Octets bytes(4);
          emit_tftp(TftpAcknowledgment{block++}, bytes);
          server_.on_datagram(world_.now, {{}, {kGuest, port}, kServer, bytes});
          check();
        }
        return;
      }
      case 4:
        return give(TftpError{static_cast<TftpErrorCode>(program_.number()), "e"});
      case 5:
        world_.pass(std::chrono::milliseconds(program_.number() * 100));
        return;
      case 6:
        files_.read_error = program_.number() % 2 == 0 ? std::errc{} : std::errc::io_error;
        return;
      default: {
        const std::uint8_t size = program_.number();
        files_.contents["text"].resize(size);
        return;
      }
    }
  }

  void check() {
    require(server_.transfers() <= TftpConfig().max_transfers);
    require(files_.opened() <= 2 * server_.transfers());
    for (const auto& sent : world_.sent) {
      require(sent.from == kServer && sent.to.address == kGuest);
      const auto message = parse_tftp(sent.payload);
      require(message && !std::holds_alternative<TftpRequest>(*message) &&
              !std::holds_alternative<TftpAcknowledgment>(*message));
      if (const auto* options = std::get_if<TftpOptionAcknowledgment>(&*message)) {
        require(options->options.block_size.value_or(8) >= 8 &&
                options->options.block_size.value_or(8) <= 65464 &&
                options->options.window_size.value_or(1) <= 64);
      }
    }
    world_.sent.clear();
  }

  Program program_;
  ScriptedFiles files_;
  ServiceWorld world_;
  TftpServer server_{TftpConfig(), world_.context(), files_};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Life(Bytes(data, size)).run();
  return 0;
}
