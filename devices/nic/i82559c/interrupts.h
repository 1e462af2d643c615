// Which interrupts are pending and which are masked (Software Developer Manual, sections 6.3.2.1
// and 6.3.2.2).
//
// A cause stays until the driver acknowledges it by writing a one. The end of what the command unit
// has to do can be told later, as command blocks ask for it by their CID field: a driver that sends
// more meanwhile hears of it once.

#ifndef SLUICE_DEVICES_NIC_I82559C_INTERRUPTS_H_
#define SLUICE_DEVICES_NIC_I82559C_INTERRUPTS_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "devices/nic/i82559c/registers.h"
#include "stack/time.h"

namespace sluice::i82559c {

class Interrupts {
 public:
  // What the CID field counts. The manual names no unit; the most that it can ask for is a quarter
  // of a millisecond here.
  static constexpr Duration kCidUnit = std::chrono::microseconds(8);

  // STAT/ACK.
  std::uint8_t pending() const { return pending_; }
  void raise(std::uint8_t causes) { pending_ |= causes; }
  void acknowledge(std::uint8_t causes) { pending_ &= static_cast<std::uint8_t>(~causes); }

  // The interrupt control byte. It reads as it was written, but for SI.
  std::uint8_t control() const { return control_; }
  void write_control(std::uint8_t value) {
    control_ = static_cast<std::uint8_t>(value & ~kSi);
    // M has precedence: with both written, nothing happens.
    if ((value & (kSi | kM)) == kSi) raise(kSwi);
  }

  // Whether one is pending that is not masked.
  bool asserted() const {
    const auto masked =
        static_cast<std::uint8_t>((control_ & (kCxMask | kFrMask | kCnaMask | kRnrMask)) |
                                  ((control_ & (kErMask | kFcpMask)) >> 2));
    return (control_ & kM) == 0 && (pending_ & ~masked) != 0;
  }

  // Raises CNA after `units` of CID, or when one that was asked for before is due.
  void raise_cna(Time now, unsigned units) {
    if (units == 0) {
      raise(kCna);
      cna_due_.reset();
    } else if (!cna_due_) {
      cna_due_ = now + units * kCidUnit;
    }
  }
  std::optional<Time> deadline() const { return cna_due_; }
  void on_time(Time now) {
    if (cna_due_ && *cna_due_ <= now) raise_cna(now, 0);
  }

 private:
  // Masks of causes lie where the causes do, but for two.
  static constexpr std::uint8_t kCxMask = kCx;
  static constexpr std::uint8_t kFrMask = kFr;
  static constexpr std::uint8_t kCnaMask = kCna;
  static constexpr std::uint8_t kRnrMask = kRnr;
  static constexpr std::uint8_t kErMask = kEr << 2;
  static constexpr std::uint8_t kFcpMask = kFcp << 2;

  std::uint8_t pending_ = 0;
  std::uint8_t control_ = 0;
  std::optional<Time> cna_due_;
};

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_INTERRUPTS_H_
