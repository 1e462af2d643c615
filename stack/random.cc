#include "stack/random.h"

#include <gsl/assert>

namespace sluice {
namespace {

struct SipState {
  std::uint64_t v0, v1, v2, v3;

  void round() {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

std::uint64_t load_little(const std::uint8_t* from, std::size_t count) {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < count; ++i) word |= static_cast<std::uint64_t>(from[i]) << (8 * i);
  return word;
}

}  // namespace

std::uint64_t siphash(const Seed& key, Bytes message) {
  SipState state{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d,
                 key.k0 ^ 0x6c7967656e657261, key.k1 ^ 0x7465646279746573};
  const std::size_t whole = message.size() / 8 * 8;
  for (std::size_t i = 0; i < whole; i += 8) state.absorb(load_little(message.data() + i, 8));
  const std::uint64_t tail = load_little(message.data() + whole, message.size() - whole);
  state.absorb(tail | static_cast<std::uint64_t>(message.size() & 0xff) << 56);
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

Seed Seed::derive(std::uint64_t purpose) const {
  std::array<std::uint8_t, 9> message{};
  std::memcpy(message.data(), &purpose, sizeof(purpose));
  Seed derived;
  derived.k0 = siphash(*this, message);
  message[8] = 1;
  derived.k1 = siphash(*this, message);
  return derived;
}

std::uint64_t Random::next() {
  std::array<std::uint8_t, 8> message{};
  std::memcpy(message.data(), &counter_, sizeof(counter_));
  ++counter_;
  return siphash(seed_, message);
}

std::uint32_t Random::below(std::uint32_t bound) {
  Expects(bound != 0);
  // Multiply-shift over 64 bits: the bias is below 2^-32.
  return static_cast<std::uint32_t>(((next() >> 32) * bound) >> 32);
}

}  // namespace sluice
