// The front end of vhost-user, for tests: a guest's memory in a memfd, two rings in it, and words
// for the other end.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_TEST_CLIENT_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_TEST_CLIENT_H_

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <optional>
#include <utility>
#include <vector>

#include <gsl/assert>

#include "devices/link/vhost_user/message.h"
#include "devices/nic/virtio/net_features.h"
#include "devices/nic/virtio/test_driver.h"
#include "posix/control_messages.h"
#include "posix/descriptor.h"
#include "posix/gather.h"

namespace sluice::vhost_user {

class ClientMemory final : public SharedMemory {
 public:
  static constexpr std::uint64_t kGuest = 0x4000'0000;
  static constexpr std::uint64_t kUser = 0x7f00'0000'0000;
  static constexpr std::size_t kSize = std::size_t{1} << 20;

  ClientMemory() : file_(::memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING)) {
    Ensures(file_ && ::ftruncate(file_.get(), kSize) == 0);
    void* const pages = ::mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0);
    Ensures(pages != MAP_FAILED);
    bytes_ = {static_cast<std::uint8_t*>(pages), kSize};
  }
  ClientMemory(const ClientMemory&) = delete;
  ClientMemory& operator=(const ClientMemory&) = delete;
  ~ClientMemory() override { ::munmap(bytes_.data(), bytes_.size()); }

  MutableBytes view(std::uint64_t address, std::size_t size) override {
    return bytes_.subspan(address - kGuest, size);
  }
  MutableBytes prefix(std::uint64_t address, std::size_t size) override {
    return view(address, size);
  }
  void on_written(Bytes /*bytes*/) override {}
  bool is_watched() const override { return false; }
  const Descriptor& file() const { return file_; }

 private:
  Descriptor file_;
  MutableBytes bytes_;
};

class Client {
 public:
  static constexpr std::uint64_t kFeatures =
      kHasProtocolFeatures | virtio::kVersion1 | virtio::kEventIdx | virtio::kIndirectDesc |
      virtio::kMrgRxbuf | virtio::kCsum | virtio::kGuestCsum | virtio::kGuestTso4;
  static constexpr std::uint64_t kBuffers = ClientMemory::kGuest + 0x20000;
  static constexpr std::uint16_t kRingSize = 64;

  explicit Client(Descriptor socket) : socket_(std::move(socket)) {}

  // Bytes as they are.
  void send_raw(Bytes bytes, const std::vector<int>& descriptors = {}) {
    send_with_descriptors(socket_.get(), to_be_written(bytes), descriptors, MSG_NOSIGNAL);
  }
  void send(Request request, Bytes payload = {}, const std::vector<int>& descriptors = {},
            std::uint32_t flags = 0) {
    std::vector<std::uint8_t> bytes(Header::kSize);
    Header{request, Header::kVersion | flags, static_cast<std::uint32_t>(payload.size())}.emit(
        bytes);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    send_raw(bytes, descriptors);
  }
  void send_number(Request request, std::uint64_t number, const std::vector<int>& descriptors = {},
                   std::uint32_t flags = 0) {
    send(request, emit_number(number), descriptors, flags);
  }
  void send_state(Request request, std::uint32_t index, std::uint32_t number) {
    send(request, VringState{index, number}.emit());
  }
  static std::vector<std::uint8_t> table_of(const std::vector<MemoryRegion>& regions) {
    std::vector<std::uint64_t> words{regions.size()};
    for (const MemoryRegion& each : regions) {
      words.insert(words.end(), {each.guest, each.size, each.user, each.offset});
    }
    std::vector<std::uint8_t> bytes(words.size() * 8);
    std::memcpy(bytes.data(), words.data(), bytes.size());
    return bytes;
  }
  void send_table(const std::vector<MemoryRegion>& regions, const std::vector<int>& descriptors,
                  std::uint32_t flags = 0) {
    send(Request::kSetMemTable, table_of(regions), descriptors, flags);
  }
  void send_address(std::uint32_t index, std::uint64_t descriptors, std::uint64_t device,
                    std::uint64_t driver) {
    const std::array<std::uint64_t, 5> words{index, descriptors, device, driver, 0};
    std::vector<std::uint8_t> bytes(40);
    std::memcpy(bytes.data(), words.data(), bytes.size());
    send(Request::kSetVringAddr, bytes);
  }

  // What has been answered; nothing if there is no answer now.
  struct Answer {
    Request request;
    std::vector<std::uint8_t> payload;
    std::vector<Descriptor> descriptors = {};
  };
  std::optional<Answer> take_answer() {
    std::array<std::uint8_t, Header::kSize> bytes{};
    iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    if (::recvmsg(socket_.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) !=
        static_cast<ssize_t>(bytes.size())) {
      return std::nullopt;
    }
    const Header header = Header::parse(bytes);
    Answer answer{header.request, std::vector<std::uint8_t>(header.size),
                  received_descriptors(message)};
    ::recv(socket_.get(), answer.payload.data(), answer.payload.size(), MSG_DONTWAIT);
    return answer;
  }

  static constexpr MemoryRegion kRegion{.guest = ClientMemory::kGuest,
                                        .size = ClientMemory::kSize,
                                        .user = ClientMemory::kUser,
                                        .offset = 0};

  // Where what is in flight is kept, and how much.
  struct Kept {
    InflightArea area;
    int file;
  };
  // All that is said before a driver uses the device.
  void set_up(std::uint64_t features = kFeatures, std::optional<Kept> kept = std::nullopt) {
    send(Request::kSetOwner);
    send_number(Request::kSetFeatures, features);
    send_number(
        Request::kSetProtocolFeatures,
        bit(ProtocolFeature::kReplyAck) | (kept ? bit(ProtocolFeature::kInflightShmfd) : 0));
    send_table({kRegion}, {memory.file().get()});
    if (kept) {
      send(Request::kSetInflightFd, kept->area.emit(InflightArea::kPaddedSize), {kept->file});
    }
    for (std::uint32_t i = 0; i < 2; ++i) start(i, 0);
  }
  void start(std::uint32_t index, std::uint16_t position) {
    SplitTestDriver& driver = index == 0 ? receive : transmit;
    const auto user = [](std::uint64_t guest) {
      return guest - ClientMemory::kGuest + ClientMemory::kUser;
    };
    send_state(Request::kSetVringNum, index, kRingSize);
    send_state(Request::kSetVringBase, index, position);
    send_address(index, user(driver.descriptors_at()), user(driver.device_at()),
                 user(driver.driver_at()));
    send_number(Request::kSetVringCall, index, {calls.at(index).get()});
    send_number(Request::kSetVringKick, index, {kicks.at(index).get()});
    send_state(Request::kSetVringEnable, index, 1);
  }
  void kick(unsigned index) const {
    const std::uint64_t one = 1;
    Ensures(::write(kicks.at(index).get(), &one, sizeof one) == sizeof one);
  }
  // How often the guest has been called since this was asked last.
  std::uint64_t take_calls(unsigned index) const {
    std::uint64_t count = 0;
    return ::read(calls.at(index).get(), &count, sizeof count) == sizeof count ? count : 0;
  }
  void hang_up() { socket_.reset(); }
  // With another back end.
  void connect(Descriptor socket) { socket_ = std::move(socket); }

  ClientMemory memory;
  SplitTestDriver receive{memory, ClientMemory::kGuest, kRingSize, true};
  SplitTestDriver transmit{memory, ClientMemory::kGuest + 0x10000, kRingSize, true};
  std::array<Descriptor, 2> kicks{make_event(), make_event()};
  std::array<Descriptor, 2> calls{make_event(), make_event()};

 private:
  static Descriptor make_event() { return Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)); }

  Descriptor socket_;
};

}  // namespace sluice::vhost_user

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_TEST_CLIENT_H_
