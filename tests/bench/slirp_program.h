// A program that runs one libslirp, whichever file it is in, as emulators do: fill, poll(2), poll.

#ifndef SLUICE_TESTS_BENCH_SLIRP_PROGRAM_H_
#define SLUICE_TESTS_BENCH_SLIRP_PROGRAM_H_

#include <poll.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sluice/libslirp.h"

namespace sluice::bench {

class SlirpProgram {
 public:
  // Loads the library. Throws std::runtime_error if it or what it needs is not there.
  explicit SlirpProgram(const std::string& library);
  SlirpProgram(const SlirpProgram&) = delete;
  SlirpProgram& operator=(const SlirpProgram&) = delete;
  ~SlirpProgram();

  // Called with every frame for the guest.
  std::function<void(const std::uint8_t* frame, std::size_t size)> on_frame;

  void input(const std::uint8_t* frame, std::size_t size) {
    input_(slirp_, frame, static_cast<int>(size));
  }
  // Waits no longer than `patience` milliseconds.
  void turn(int patience);

 private:
  template <typename Function>
  Function* find(const char* name) const;

  static int add_poll(int descriptor, int events, void* self);
  static int events_of(int index, void* self);

  void* library_;
  SlirpCb callbacks_{};
  decltype(slirp_cleanup)* cleanup_ = nullptr;
  decltype(slirp_input)* input_ = nullptr;
  decltype(slirp_pollfds_fill)* fill_ = nullptr;
  decltype(slirp_pollfds_poll)* poll_ = nullptr;
  std::vector<pollfd> polled_;
  Slirp* slirp_ = nullptr;
};

}  // namespace sluice::bench

#endif  // SLUICE_TESTS_BENCH_SLIRP_PROGRAM_H_
