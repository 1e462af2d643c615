// What tests of a SystemHost's streams have in common.

#ifndef SLUICE_NAT_HOST_STREAMS_FIXTURE_H_
#define SLUICE_NAT_HOST_STREAMS_FIXTURE_H_

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "nat/host/system_host.h"
#include "nat/host/test_directory.h"
#include "nat/host/test_loop.h"

namespace sluice::testing {

inline constexpr IpAddress kLoopback = IpAddress::v4(127, 0, 0, 1);
inline constexpr std::size_t kMuch = std::size_t{8} << 20;  // more than any socket's buffers hold

inline std::uint8_t pattern(std::size_t offset) {
  return static_cast<std::uint8_t>(offset * 31 + (offset >> 8));
}

inline std::vector<std::uint8_t> patterned(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = pattern(i);
  return bytes;
}

class StreamsFixture : public ::testing::Test {
 protected:
  Transfer send(SocketId id, Bytes bytes) {
    const std::array<Bytes, 1> pieces{bytes};
    return host_.send(id, pieces);
  }
  Transfer receive(SocketId id, MutableBytes into) {
    const std::array<MutableBytes, 1> pieces{into};
    return host_.receive(id, pieces);
  }

  // Opens a TCP listener of the token's index on a port that the system chooses.
  Endpoint listen_tcp(std::uint32_t index, SocketId& listener, IpAddress at = kLoopback) {
    const Opened opened = host_.listen(token(index), {.local = Endpoint{.address = at, .port = 0}});
    EXPECT_EQ(opened.error, std::errc{});
    listener = opened.id;
    return {.address = at, .port = host_.local_port(listener)};
  }

  // Both ends of a connection: index 1 connects, index 2 is accepted.
  struct Pair {
    SocketId client = SocketId::kNone;
    SocketId server = SocketId::kNone;
  };
  Pair connected_pair(IpAddress at = kLoopback) {
    SocketId listener = SocketId::kNone;
    const Endpoint server = listen_tcp(0, listener, at);
    const Opened client = host_.connect(token(1), server);
    EXPECT_EQ(client.error, std::errc{});
    EXPECT_TRUE(loop_.wait_readable(0));
    const Accepted accepted = host_.accept(listener);
    EXPECT_EQ(accepted.error, std::errc{});
    EXPECT_EQ(host_.watch(accepted.id, token(2)), std::errc{});
    EXPECT_TRUE(loop_.wait_writable(1));
    EXPECT_EQ(host_.take_error(client.id), std::errc{});
    host_.close(listener, CloseMode::kGraceful);
    return {.client = client.id, .server = accepted.id};
  }

  // Sends all of `bytes` from one and expects it at the other.
  void expect_carried(SocketId from, std::uint32_t from_index, SocketId to,
                      std::uint32_t to_index) {
    const std::vector<std::uint8_t> sent = patterned(kMuch);
    std::size_t taken = 0;
    std::size_t partial = 0;
    std::vector<std::uint8_t> received(kMuch);
    std::size_t got = 0;
    loop_.seen(from_index).writable = true;
    loop_.seen(to_index).readable = true;
    const auto step = [&] {
      while (loop_.seen(from_index).writable && taken < kMuch) {
        const Transfer result = send(from, Bytes(sent).subspan(taken));
        if (result.failed()) return true;
        taken += result.bytes;
        if (taken < kMuch) ++partial;
        if (result.would_block()) loop_.seen(from_index).writable = false;
      }
      while (loop_.seen(to_index).readable && got < kMuch) {
        const Transfer result = receive(to, MutableBytes(received).subspan(got));
        if (result.failed()) return true;
        got += result.bytes;
        if (result.would_block()) loop_.seen(to_index).readable = false;
      }
      return got == kMuch;
    };
    EXPECT_TRUE(loop_.run_until(step));
    EXPECT_EQ(got, kMuch);
    EXPECT_GT(partial, 0U);
    EXPECT_TRUE(received == sent);
  }

  // What the stream brings until its end.
  std::string read_all(SocketId id, std::uint32_t index) {
    std::string all;
    loop_.seen(index).readable = true;
    const bool ended = loop_.run_until([&] {
      while (loop_.seen(index).readable) {
        std::array<std::uint8_t, 1000> buffer{};
        const Transfer result = receive(id, buffer);
        if (result.failed() || (result.bytes == 0 && !result.would_block())) return true;
        all += as_text(Bytes(buffer).first(result.bytes));
        if (result.would_block()) loop_.seen(index).readable = false;
      }
      return false;
    });
    EXPECT_TRUE(ended);
    return all;
  }

  TestDirectory directory_;
  EventQueue queue_;
  SystemHost host_{queue_};
  TestLoop loop_{queue_, host_};
};

}  // namespace sluice::testing

#endif  // SLUICE_NAT_HOST_STREAMS_FIXTURE_H_
