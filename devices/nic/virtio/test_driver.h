// The driver's side of a virtqueue, for tests: memory that both share, and rings in it.

#ifndef SLUICE_DEVICES_NIC_VIRTIO_TEST_DRIVER_H_
#define SLUICE_DEVICES_NIC_VIRTIO_TEST_DRIVER_H_

#include <deque>
#include <map>
#include <numeric>
#include <optional>
#include <vector>

#include "devices/nic/little_endian.h"
#include "devices/nic/virtio/net.h"
#include "devices/nic/virtio/packed_queue.h"
#include "devices/nic/virtio/split_queue.h"

namespace sluice {

// Two regions that follow each other in the guest and lie apart here.
class TestSharedMemory final : public SharedMemory {
 public:
  static constexpr std::uint64_t kBase = 0x10000;

  explicit TestSharedMemory(std::size_t size = std::size_t{4} << 20, std::size_t first = 0)
      : first_(first == 0 ? size : first), words_{Words(first_ / 8), Words((size - first_) / 8)} {}

  MutableBytes view(std::uint64_t address, std::size_t size) override {
    const MutableBytes bytes = prefix(address, size);
    return bytes.size() == size ? bytes : MutableBytes{};
  }
  MutableBytes prefix(std::uint64_t address, std::size_t size) override {
    if (address < kBase) return {};
    const std::uint64_t offset = address - kBase;
    const bool second = offset >= first_;
    const MutableBytes region = bytes(second);
    const std::uint64_t at = second ? offset - first_ : offset;
    if (at >= region.size()) return {};
    return region.subspan(at, std::min<std::size_t>(size, region.size() - at));
  }
  void on_written(Bytes bytes) override { written += bytes.size(); }
  bool is_watched() const override { return watched; }

  void put(std::uint64_t address, Bytes bytes) {
    while (!bytes.empty()) {
      const MutableBytes piece = prefix(address, bytes.size());
      Expects(!piece.empty());
      copy_bytes(bytes.first(piece.size()), piece);
      address += piece.size();
      bytes = bytes.subspan(piece.size());
    }
  }
  std::vector<std::uint8_t> get(std::uint64_t address, std::size_t size) {
    std::vector<std::uint8_t> bytes;
    while (bytes.size() < size) {
      const MutableBytes piece = prefix(address + bytes.size(), size - bytes.size());
      Expects(!piece.empty());
      bytes.insert(bytes.end(), piece.begin(), piece.end());
    }
    return bytes;
  }

  bool watched = false;
  std::size_t written = 0;  // bytes that were told of

 private:
  using Words = std::vector<std::uint64_t>;  // aligned as pages are

  MutableBytes bytes(bool second) {
    Words& words = words_.at(second ? 1 : 0);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
    return {reinterpret_cast<std::uint8_t*>(words.data()), words.size() * 8};
  }

  std::size_t first_;
  std::array<Words, 2> words_;
};

// Bytes that count from 1 on, as a frame that can be told from others.
inline std::vector<std::uint8_t> frame_of(std::size_t size) {
  std::vector<std::uint8_t> frame(size);
  std::iota(frame.begin(), frame.end(), std::uint8_t{1});
  return frame;
}

// The frame behind a header of zeros.
inline std::vector<std::uint8_t> behind_header(std::size_t header,
                                               const std::vector<std::uint8_t>& frame) {
  std::vector<std::uint8_t> bytes(header);
  bytes.insert(bytes.end(), frame.begin(), frame.end());
  return bytes;
}

struct TestBuffer {
  std::uint64_t address;
  std::uint32_t length;
  bool writable = false;
};

// A driver with a ring at the start of what it is given; buffers are the test's business.
class TestDriver {
 public:
  struct Used {
    std::uint16_t id;
    std::uint32_t length;
  };

  virtual ~TestDriver() = default;

  virtual VirtioQueue::Areas areas() = 0;
  // Makes buffers available as one chain, and returns what it will be called. With `indirect`, as a
  // table that lies there.
  virtual std::uint16_t add(const std::vector<TestBuffer>& buffers,
                            std::optional<std::uint64_t> indirect = std::nullopt) = 0;
  // The next that the device has given back.
  virtual std::optional<Used> take_used() = 0;
  // Whether the device wants to be told of what has been added since this was asked last.
  virtual bool must_notify() = 0;
  // Asks to be interrupted for the next that is given back; or not to be.
  virtual void set_interrupts(bool on) = 0;

 protected:
  TestDriver(SharedMemory& memory, std::uint64_t at, std::uint16_t size, bool event_index)
      : memory_(memory), at_(at), size_(size), event_index_(event_index) {}

  template <typename T>
  void store(std::uint64_t address, T value) {
    store_little(memory_.view(address, sizeof value), 0, value);
  }
  template <typename T>
  T load(std::uint64_t address) {
    return load_little<T>(memory_.view(address, sizeof(T)), 0);
  }

  SharedMemory& memory_;
  const std::uint64_t at_;
  const std::uint16_t size_;
  const bool event_index_;
};

class SplitTestDriver final : public TestDriver {
 public:
  // The device's area is at a multiple of `alignment`.
  SplitTestDriver(SharedMemory& memory, std::uint64_t at, std::uint16_t size, bool event_index,
                  std::uint64_t alignment = 4)
      : TestDriver(memory, at, size, event_index), alignment_(alignment) {
    for (std::uint16_t i = 0; i < size; ++i) free_.push_back(i);
  }

  std::uint64_t descriptors_at() const { return at_; }
  std::uint64_t driver_at() const { return at_ + std::uint64_t{16} * size_; }
  std::uint64_t device_at() const {
    const std::uint64_t end = driver_at() + 4 + std::uint64_t{2} * size_ + 2;
    return (end + alignment_ - 1) / alignment_ * alignment_;
  }
  std::uint64_t end() const { return (device_at() + 4 + std::uint64_t{8} * size_ + 2 + 7) / 8 * 8; }

  VirtioQueue::Areas areas() override {
    return {.descriptors = memory_.view(at_, SplitVirtioQueue::descriptors_size(size_)),
            .driver = memory_.view(driver_at(), SplitVirtioQueue::driver_size(size_, event_index_)),
            .device = memory_.view(device_at(), SplitVirtioQueue::device_size(size_, event_index_)),
            .size = size_};
  }

  std::uint16_t add(const std::vector<TestBuffer>& buffers,
                    std::optional<std::uint64_t> indirect = std::nullopt) override {
    std::vector<std::uint16_t> places;
    const std::size_t count = indirect ? 1 : buffers.size();
    for (std::size_t i = 0; i < count; ++i) {
      places.push_back(free_.front());
      free_.pop_front();
    }
    const std::uint16_t head = places.front();
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const bool last = i + 1 == buffers.size();
      const std::uint64_t at =
          indirect ? *indirect + std::uint64_t{16} * i : at_ + std::uint64_t{16} * places.at(i);
      const auto next = static_cast<std::uint16_t>(last ? 0 : indirect ? i + 1 : places.at(i + 1));
      write_descriptor(at, buffers.at(i), last ? 0 : VirtioDescriptor::kNext, next);
    }
    if (indirect) {
      write_descriptor(
          at_ + std::uint64_t{16} * head,
          {*indirect, static_cast<std::uint32_t>(std::uint64_t{16} * buffers.size()), false},
          VirtioDescriptor::kIndirect, 0);
    }
    in_use_[head] = places;
    make_available(head);
    return head;
  }

  // Whatever it is.
  void make_available(std::uint16_t head) {
    store(driver_at() + 4 + std::uint64_t{2} * (available_ % size_), head);
    set_available(++available_);
  }
  void set_available(std::uint16_t index) { store(driver_at() + 2, available_ = index); }
  void write_descriptor(std::uint64_t at, const TestBuffer& buffer, std::uint16_t flags,
                        std::uint16_t next) {
    store(at, buffer.address);
    store(at + 8, buffer.length);
    store(at + 12,
          static_cast<std::uint16_t>(flags | (buffer.writable ? VirtioDescriptor::kWrite : 0)));
    store(at + 14, next);
  }

  std::optional<Used> take_used() override {
    if (load<std::uint16_t>(device_at() + 2) == seen_) return std::nullopt;
    const std::uint64_t at = device_at() + 4 + std::uint64_t{8} * (seen_++ % size_);
    const Used used{static_cast<std::uint16_t>(load<std::uint32_t>(at)),
                    load<std::uint32_t>(at + 4)};
    for (const std::uint16_t place : in_use_[used.id]) free_.push_back(place);
    in_use_.erase(used.id);
    return used;
  }

  bool must_notify() override {
    const std::uint16_t before = std::exchange(notified_, available_);
    if (!event_index_) return load<std::uint16_t>(device_at()) == 0 && before != available_;
    const auto event = load<std::uint16_t>(device_at() + 4 + std::uint64_t{8} * size_);
    return static_cast<std::uint16_t>(available_ - event - 1) <
           static_cast<std::uint16_t>(available_ - before);
  }

  void set_interrupts(bool on) override {
    if (event_index_) {
      // One that has just been passed comes again only after all others.
      store(driver_at() + 4 + std::uint64_t{2} * size_,
            static_cast<std::uint16_t>(on ? seen_ : seen_ - 1));
    } else {
      store(driver_at(), static_cast<std::uint16_t>(on ? 0 : 1));
    }
  }

 private:
  const std::uint64_t alignment_;
  std::deque<std::uint16_t> free_;
  std::map<std::uint16_t, std::vector<std::uint16_t>> in_use_;
  std::uint16_t available_ = 0;
  std::uint16_t seen_ = 0;
  std::uint16_t notified_ = 0;
};

// As SplitTestDriver, over a packed ring.
class PackedTestDriver final : public TestDriver {
 public:
  PackedTestDriver(SharedMemory& memory, std::uint64_t at, std::uint16_t size, bool event_index)
      : TestDriver(memory, at, size, event_index) {}

  std::uint64_t driver_at() const { return at_ + std::uint64_t{16} * size_; }
  std::uint64_t device_at() const { return driver_at() + 4; }

  VirtioQueue::Areas areas() override {
    return {.descriptors = memory_.view(at_, PackedVirtioQueue::descriptors_size(size_)),
            .driver = memory_.view(driver_at(), PackedVirtioQueue::kEventSize),
            .device = memory_.view(device_at(), PackedVirtioQueue::kEventSize),
            .size = size_};
  }

  std::uint16_t add(const std::vector<TestBuffer>& buffers,
                    std::optional<std::uint64_t> indirect = std::nullopt) override {
    const std::uint16_t id = next_id_++;
    if (indirect) {
      for (std::size_t i = 0; i < buffers.size(); ++i) {
        const std::uint16_t flags = buffers[i].writable ? VirtioDescriptor::kWrite : 0;
        write_descriptor(*indirect + std::uint64_t{16} * i, buffers[i], 0, flags);
      }
      const auto size = static_cast<std::uint32_t>(std::uint64_t{16} * buffers.size());
      make_available({*indirect, size}, id, VirtioDescriptor::kIndirect);
      places_[id] = 1;
      return id;
    }
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      const bool last = i + 1 == buffers.size();
      const auto flags =
          static_cast<std::uint16_t>((last ? 0 : VirtioDescriptor::kNext) |
                                     (buffers[i].writable ? VirtioDescriptor::kWrite : 0));
      make_available(buffers[i], id, flags);
    }
    places_[id] = buffers.size();
    return id;
  }

  // The next place of the ring.
  void make_available(const TestBuffer& buffer, std::uint16_t id, std::uint16_t flags) {
    const bool wrap = available_ / size_ % 2 == 0;
    write_descriptor(at_ + std::uint64_t{16} * (available_++ % size_), buffer, id,
                     static_cast<std::uint16_t>(flags | (wrap ? 1U << 7 : 1U << 15)));
  }
  void write_descriptor(std::uint64_t at, const TestBuffer& buffer, std::uint16_t id,
                        std::uint16_t flags) {
    store(at, buffer.address);
    store(at + 8, buffer.length);
    store(at + 12, id);
    store(at + 14, flags);
  }

  std::optional<Used> take_used() override {
    const std::uint64_t at = at_ + std::uint64_t{16} * (seen_ % size_);
    const auto flags = load<std::uint16_t>(at + 14);
    const bool wrap = seen_ / size_ % 2 == 0;
    if (((flags & 1U << 7) != 0) != wrap || ((flags & 1U << 15) != 0) != wrap) return std::nullopt;
    const Used used{load<std::uint16_t>(at + 12), load<std::uint32_t>(at + 8)};
    seen_ += places_.at(used.id);
    places_.erase(used.id);
    return used;
  }

  bool must_notify() override {
    const std::uint64_t before = std::exchange(notified_, available_);
    const auto flags = load<std::uint16_t>(device_at() + 2);
    if (flags != 2) return flags == 0 && before != available_;
    const auto event = load<std::uint16_t>(device_at());
    for (std::uint64_t place = before; place < available_; ++place) {
      const bool wrap = place / size_ % 2 == 0;
      if ((event & 0x7fff) == place % size_ && (event >> 15 != 0) == wrap) return true;
    }
    return false;
  }

  void set_interrupts(bool on) override {
    const auto place =
        static_cast<std::uint16_t>(seen_ % size_ | (seen_ / size_ % 2 == 0 ? 1U << 15 : 0));
    store(driver_at(), place);
    store(driver_at() + 2, static_cast<std::uint16_t>(!on ? 1 : event_index_ ? 2 : 0));
  }

 private:
  std::map<std::uint16_t, std::size_t> places_;  // of chains, by their ids
  std::uint16_t next_id_ = 0;
  std::uint64_t available_ = 0;
  std::uint64_t seen_ = 0;
  std::uint64_t notified_ = 0;
};

class TestTransport final : public VirtioTransport {
 public:
  explicit TestTransport(TestSharedMemory& memory) : memory_(memory) {}

  SharedMemory& memory() override { return memory_; }
  void interrupt(unsigned queue) override { ++interrupts.at(queue); }
  void on_broken(unsigned queue) override { broken.push_back(queue); }

  std::array<unsigned, VirtioNet::kMaxQueues> interrupts{};
  std::vector<unsigned> broken;

 private:
  TestSharedMemory& memory_;
};

}  // namespace sluice

#endif  // SLUICE_DEVICES_NIC_VIRTIO_TEST_DRIVER_H_
