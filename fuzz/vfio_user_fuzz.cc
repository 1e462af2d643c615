// A machine behind vfio-user that says anything, with a card of ours: messages in pieces of any
// size, requests of any kind with any descriptors, memory that is shared or asked for, frames and
// time in between. Then another machine that is in its right mind is served.

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <vector>

#include "devices/link/vfio_user/device.h"
#include "devices/link/vfio_user/inbox.h"
#include "devices/link/vfio_user/interrupts.h"
#include "devices/link/vfio_user/memory.h"
#include "devices/nic/e1000/e1000.h"
#include "fuzz/program.h"

namespace sluice::vfio_user {
namespace {

constexpr std::size_t kMemory = std::size_t{64} << 10;
constexpr MacAddress kAddress({0x52, 0x54, 0x00, 0x12, 0x34, 0x56});

Descriptor memory_file(bool sealed) {
  Descriptor file(::memfd_create("memory", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  require(::ftruncate(file.get(), kMemory) == 0);
  const int seals = sealed ? F_SEAL_SHRINK | F_SEAL_GROW : F_SEAL_GROW;
  require(::fcntl(file.get(), F_ADD_SEALS, seals) == 0);
  return file;
}

// A descriptor of one of some kinds.
Descriptor descriptor(unsigned kind) {
  static const Descriptor sealed = memory_file(true);
  static const Descriptor open = memory_file(false);
  static const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  static const Descriptor event(::eventfd(0, EFD_CLOEXEC));
  const std::array<int, 4> all{sealed.get(), open.get(), null.get(), event.get()};
  return Descriptor(::fcntl(all.at(kind % all.size()), F_DUPFD_CLOEXEC, 0));
}

// Has memory from address 0 on.
class Channel final : public DmaChannel {
 public:
  bool dma_read(std::uint64_t address, MutableBytes into) override {
    if (!holds(address, into.size())) return false;
    copy_bytes(Bytes(bytes_).subspan(address, into.size()), into);
    return true;
  }
  bool dma_write(std::uint64_t address, Bytes from) override {
    if (!holds(address, from.size())) return false;
    copy_bytes(from, MutableBytes(bytes_).subspan(address));
    return true;
  }

 private:
  bool holds(std::uint64_t address, std::size_t size) const {
    return address <= bytes_.size() && size <= bytes_.size() - address;
  }
  std::vector<std::uint8_t> bytes_ = std::vector<std::uint8_t>(kMemory);
};

class Slot final : public PciSlot {
 public:
  Slot(Memory& memory, Interrupts& interrupts) : memory_(memory), interrupts_(interrupts) {}
  GuestMemory& memory() override { return memory_; }
  void set_interrupt(bool asserted) override { interrupts_.set_level(asserted); }
  void send_message(unsigned vector) override { interrupts_.send(vector); }

 private:
  Memory& memory_;
  Interrupts& interrupts_;
};

class World {
 public:
  explicit World(Bytes input) : program_(input) {}

  void run() {
    if ((program_.number() & 1U) == 0) say_version();
    while (!program_.at_end()) {
      switch (program_.number() % 8) {
        case 0:
          give(program_.piece(), program_.number());
          break;
        case 1:
          receive();
          break;
        case 2:
          pass();
          break;
        default:
          request();
      }
      serve();
    }
    end();
  }

 private:
  void say_version() {
    const Version version{.major = 0, .minor = 1};
    message(static_cast<unsigned>(Command::kVersion), bytes_of(version), 0);
    serve();
  }

  // Bytes as they are, with `descriptors` that come beside them.
  void give(Bytes bytes, unsigned descriptors) {
    const MutableBytes room = inbox_.room();
    require(room.size() >= kMaxMessage || inbox_.has_message() || !inbox_.broken().empty());
    const std::size_t size = std::min(bytes.size(), room.size());
    copy_bytes(bytes.first(size), room);
    std::vector<Descriptor> beside;
    for (; descriptors % 4 != 0; descriptors /= 4) beside.push_back(descriptor(descriptors / 4));
    inbox_.commit(size, std::move(beside));
  }

  void message(unsigned command, Bytes payload, unsigned descriptors) {
    const Header header{.id = 1,
                        .command = static_cast<Command>(command),
                        .size = static_cast<std::uint32_t>(sizeof(Header) + payload.size()),
                        .flags = 0,
                        .error = 0};
    const Bytes head = bytes_of(header);
    std::vector<std::uint8_t> all(head.begin(), head.end());
    all.insert(all.end(), payload.begin(), payload.end());
    give(all, descriptors);
  }

  std::uint32_t number32() {
    const std::uint32_t high = program_.number16();
    return high << 16 | program_.number16();
  }

  // One that makes sense as far as its form goes.
  void request() {
    const unsigned command = program_.number() % 20;
    const unsigned descriptors = program_.number();
    switch (static_cast<Command>(command)) {
      case Command::kDmaMap: {
        const std::uint64_t page = program_.number();
        const DmaMap map{.argsz = sizeof(DmaMap),
                         .flags = program_.number(),
                         .offset = std::uint64_t{program_.number()} << 8,
                         .address = page << 12,
                         .size = program_.number16()};
        return message(command, bytes_of(map), descriptors);
      }
      case Command::kDmaUnmap: {
        const std::uint64_t page = program_.number();
        const DmaUnmap unmap{.argsz = sizeof(DmaUnmap),
                             .flags = program_.number(),
                             .address = page << 12,
                             .size = program_.number16()};
        return message(command, bytes_of(unmap), descriptors);
      }
      case Command::kDeviceSetIrqs: {
        const IrqSet set{.argsz = sizeof(IrqSet),
                         .flags = program_.number(),
                         .index = program_.number(),
                         .start = program_.number(),
                         .count = program_.number()};
        return message(command, bytes_of(set), descriptors);
      }
      case Command::kRegionRead:
      case Command::kRegionWrite: {
        const std::uint32_t offset = number32() & 0x1ffff;
        const RegionAccess access{
            .offset = offset, .region = program_.number(), .count = program_.number()};
        const Bytes head = bytes_of(access);
        std::vector<std::uint8_t> payload(head.begin(), head.end());
        const Bytes data = program_.piece();
        payload.insert(payload.end(), data.begin(), data.end());
        return message(command, payload, descriptors);
      }
      default:
        return message(command, program_.piece(), descriptors);
    }
  }

  void receive() {
    const Bytes piece = program_.piece();
    if (piece.size() < 14) return;
    card_.set_time(now_);
    card_.takes(1);
    copy_bytes(piece, card_.reserve(piece.size()));
    card_.commit(piece.size(), {}, {});
    card_.flush();
  }

  void pass() {
    now_ += std::chrono::microseconds(program_.number16());
    card_.on_time(now_);
  }

  void serve() {
    inbox_.take_reply(program_.number());
    for (int i = 0; i < 300; ++i) {
      auto message = inbox_.next();
      if (!message) break;
      if (!message->header.is_request()) continue;
      answer_.clear();
      const int error = device_.handle(now_, *message, answer_);
      require(error >= 0 && sizeof(Header) + answer_.size() <= kMaxMessage);
    }
    for (const Frame& frame : card_.take_frames()) {
      require(!frame.bytes.empty() && frame.bytes.size() <= Link::kMaxReserve);
    }
    if (!inbox_.broken().empty() || !device_.refused().empty()) {
      inbox_.reset();
      device_.begin();
    }
  }

  // The next one finds a card that works, and nothing of what was before.
  void end() {
    inbox_.reset();
    device_.begin();
    for (std::uint64_t page = 0; page <= 0xff; ++page) {
      std::array<std::uint8_t, 1> octet{};
      require(!memory_.read(page << 12, octet));
    }
    say_version();
    require(device_.refused().empty());
    message(static_cast<unsigned>(Command::kDeviceReset), {}, 0);
    serve();
    const RegionAccess vendor{.offset = 0, .region = kConfigRegion, .count = 4};
    message(static_cast<unsigned>(Command::kRegionRead), bytes_of(vendor), 0);
    serve();
    require(answer_.size() == sizeof(RegionAccess) + 4 && answer_[sizeof(RegionAccess)] == 0x86);
  }

  Program program_;
  Time now_ = Time{} + std::chrono::hours(1);
  Channel channel_;
  Memory memory_{channel_};
  PollSet polls_;
  Interrupts interrupts_{polls_, 1};
  Slot slot_{memory_, interrupts_};
  E1000 card_{slot_, kAddress};
  Device device_{card_, memory_, interrupts_};
  Inbox inbox_;
  Device::Payload answer_;
};

}  // namespace
}  // namespace sluice::vfio_user

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::vfio_user::World({data, size}).run();
  return 0;
}
