// The receive buffer of the RTL8139C+ outside C+ mode (data sheet, chapter 6: RBSTART, CAPR, CBR;
// and RCR, section 6.8).
//
// A ring of bytes, 8 to 64 KiB of them. The card writes frame after frame where CBR is, each behind
// a header of its status and size, and the next begins at the next multiple of four. The driver
// reads as far as CAPR says, which is 16 less than where it will go on. When both are at one place
// the buffer is empty, so a frame may not fill it to the last byte. Where the buffer ends, a frame
// goes on at its start; or, if RCR's WRAP has it so, behind the end, where the driver has left
// room.

#ifndef SLUICE_DEVICES_NIC_RTL8139_BUFFER_H_
#define SLUICE_DEVICES_NIC_RTL8139_BUFFER_H_

#include <cstdint>

#include "devices/nic/guest_memory.h"
#include "devices/nic/rtl8139/arrival.h"

namespace sluice::rtl8139 {

class Buffer {
 public:
  enum class Outcome : std::uint8_t { kStored, kFull, kFailed };

  // RBSTART. The buffer is empty then.
  void set_start(std::uint32_t address);
  std::uint32_t start() const { return start_; }
  // As when the receiver is switched on: empty.
  void restart();

  std::uint16_t capr() const { return capr_; }
  void set_capr(std::uint16_t value) { capr_ = value; }
  std::uint16_t cbr() const { return static_cast<std::uint16_t>(written_); }
  // CR's BUFE.
  bool empty(std::uint32_t rcr) const;

  // Whether so many frames of the usual size have room; one has it if there is nothing else.
  bool has_room(std::uint32_t rcr, unsigned frames) const;
  // Writes a frame. Nothing has happened unless it is stored, but for bytes that nobody reads.
  Outcome store(GuestMemory& memory, std::uint32_t rcr, const Arrival& arrival);

 private:
  // Bytes that the driver has not read, of a buffer of this length.
  std::uint32_t used(std::uint32_t length) const;
  // Where the driver reads next.
  std::uint32_t read_offset(std::uint32_t length) const;

  std::uint32_t start_ = 0;  // 0: the driver has not told
  std::uint16_t capr_ = kCapr;
  std::uint32_t written_ = 0;  // CBR: where the next frame will begin

  static constexpr std::uint16_t kCapr = 0xfff0;
};

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_BUFFER_H_
