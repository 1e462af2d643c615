// A card as vfio-user tells of it: what its regions and interrupts are, and what is asked of them.
//
// One request at a time, in the order in which they come; the first must be that for the version.
// What a request says of itself (sizes, counts, numbers of regions) is checked here, once.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_DEVICE_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_DEVICE_H_

#include <string>
#include <vector>

#include "devices/link/vfio_user/inbox.h"
#include "devices/link/vfio_user/interrupts.h"
#include "devices/link/vfio_user/memory.h"
#include "devices/nic/nic.h"

namespace sluice::vfio_user {

class Device {
 public:
  // What follows the header of a reply.
  using Payload = std::vector<std::uint8_t>;

  // All of them outlive it.
  Device(Nic& nic, Memory& memory, Interrupts& interrupts);
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // Another client: nothing is agreed, and it has no memory yet. The card stays as it is.
  void begin();
  // An errno, or 0 and the payload of the answer.
  int handle(Time now, Message& request, Payload& answer);
  // The client is none that can be spoken with; empty while it is one.
  const std::string& refused() const { return refused_; }
  // The most data that it takes in one message.
  std::size_t max_data() const { return max_data_; }

 private:
  int on_version(Bytes payload, Payload& answer);
  int on_dma_map(Message& request);
  int on_dma_unmap(Bytes payload, Payload& answer);
  int on_region_info(Bytes payload, Payload& answer) const;
  int on_irq_info(Bytes payload, Payload& answer) const;
  int on_set_irqs(Message& request);
  int on_region_read(Time now, Bytes payload, Payload& answer);
  int on_region_write(Time now, Bytes payload, Payload& answer);
  int on_region_write_multi(Time now, Bytes payload, Payload& answer);

  std::uint64_t region_size(std::uint32_t region) const;
  bool holds(const RegionAccess& access) const;
  std::uint64_t read(Time now, std::uint32_t region, std::uint64_t offset, unsigned size);
  void write(Time now, const RegionAccess& access, Bytes data);

  Nic& nic_;
  Memory& memory_;
  Interrupts& interrupts_;
  bool agreed_ = false;
  std::size_t max_data_ = kMaxData;
  std::string refused_;
};

}  // namespace sluice::vfio_user

#endif  // SLUICE_DEVICES_LINK_VFIO_USER_DEVICE_H_
