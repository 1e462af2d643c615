// A machine around a card, for tests: memory that begins and ends somewhere, and interrupts that
// are written down.

#ifndef SLUICE_DEVICES_NIC_TEST_MACHINE_H_
#define SLUICE_DEVICES_NIC_TEST_MACHINE_H_

#include <vector>

#include "devices/nic/little_endian.h"
#include "devices/nic/nic.h"

namespace sluice {

class TestMemory final : public GuestMemory {
 public:
  static constexpr std::uint64_t kBase = 0x1000;

  explicit TestMemory(std::size_t size = std::size_t{1} << 20) : bytes_(size) {}

  bool read(std::uint64_t address, MutableBytes into) override {
    const Bytes bytes = view(address, into.size());
    if (bytes.size() != into.size()) return false;
    copy_bytes(bytes, into);
    return true;
  }
  bool write(std::uint64_t address, Bytes bytes) override {
    if (!holds(address, bytes.size())) return false;
    copy_bytes(bytes, MutableBytes(bytes_).subspan(address - kBase));
    return true;
  }
  Bytes view(std::uint64_t address, std::size_t size) override {
    if (!holds(address, size)) return {};
    return Bytes(bytes_).subspan(address - kBase, size);
  }

  template <std::unsigned_integral T>
  T load(std::uint64_t address) const {
    return load_little<T>(bytes_, address - kBase);
  }
  template <std::unsigned_integral T>
  void store(std::uint64_t address, T value) {
    store_little(MutableBytes(bytes_), address - kBase, value);
  }

 private:
  bool holds(std::uint64_t address, std::size_t size) const {
    return address >= kBase && address - kBase <= bytes_.size() &&
           size <= bytes_.size() - (address - kBase);
  }

  std::vector<std::uint8_t> bytes_;
};

class TestSlot final : public PciSlot {
 public:
  TestMemory& memory() override { return memory_; }
  void set_interrupt(bool asserted) override {
    level = asserted;
    if (asserted) ++raised;
  }
  void send_message(unsigned vector) override { messages.push_back(vector); }

  bool level = false;
  unsigned raised = 0;
  std::vector<unsigned> messages;

 private:
  TestMemory memory_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_TEST_MACHINE_H_
