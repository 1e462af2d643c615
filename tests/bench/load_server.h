// The far side of the benchmark's load. It answers what comes by TCP with the same bytes, on kPorts
// ports; and on the first of them datagrams:
//
//   one byte           the same
//   '?' TOKEN          '?' TOKEN ' ' DATAGRAMS ' ' BYTES ' ' SECONDS: what it has counted since it
//   was
//                      asked with another token, and the time from the first to the last of it
//   '!' SECONDS ' ' SIZE   datagrams of SIZE bytes as fast as it can, then '!' and how many
//   anything else      is counted
//
// A question may be repeated when its answer got lost: a token is counted for once only.

#ifndef SLUICE_TESTS_BENCH_LOAD_SERVER_H_
#define SLUICE_TESTS_BENCH_LOAD_SERVER_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "posix/descriptor.h"
#include "tests/bench/load_sockets.h"

namespace sluice {

class LoadServer {
 public:
  // Throws std::system_error when it can't listen there.
  LoadServer(const std::string& host, unsigned port);
  [[noreturn]] void run();

 private:
  void serve(int descriptor);
  void take_datagrams();
  void answer(std::string_view question, const Address& asker);
  void flood(std::string_view order, const Address& to);

  Epoll epoll_;
  Descriptor datagrams_;
  std::vector<Descriptor> listeners_;
  std::array<char, 65536> buffer_{};
  Batch batch_;
  Count count_;
  std::string token_;
  std::string report_;
};

}  // namespace sluice

#endif  // SLUICE_TESTS_BENCH_LOAD_SERVER_H_
