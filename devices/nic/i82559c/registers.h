// What the Intel 82559C shows of itself: registers, and structures in the guest's memory (Intel
// 8255x 10/100 Mbps Ethernet Controller Family Open Source Software Developer Manual, chapter 6).
//
// The registers are few. A driver writes an address into the general pointer and a command for one
// of two units into the system control block (SCB): the command unit walks a list of command
// blocks, some of which send frames, and the receive unit a list of receive frame descriptors.

#ifndef SLUICE_DEVICES_NIC_I82559C_REGISTERS_H_
#define SLUICE_DEVICES_NIC_I82559C_REGISTERS_H_

#include <cstdint>

#include "devices/nic/little_endian.h"

namespace sluice::i82559c {

// Control/status registers, by their offset in bytes (section 6.3.1).
inline constexpr std::size_t kScbStatus = 0x00;
inline constexpr std::size_t kScbStatAck = 0x01;
inline constexpr std::size_t kScbCommand = 0x02;
inline constexpr std::size_t kScbInterruptControl = 0x03;
inline constexpr std::size_t kScbGeneralPointer = 0x04;  // 4 bytes
inline constexpr std::size_t kPort = 0x08;               // 4 bytes
inline constexpr std::size_t kFlashControl = 0x0c;       // 2 bytes
inline constexpr std::size_t kEepromControl = 0x0e;      // 2 bytes
inline constexpr std::size_t kMdiControl = 0x10;         // 4 bytes
inline constexpr std::size_t kReceiveDmaByteCount = 0x14;
inline constexpr std::size_t kEarlyReceiveInterrupt = 0x18;
inline constexpr std::size_t kFlowControlThreshold = 0x19;
inline constexpr std::size_t kFlowControlCommand = 0x1a;
inline constexpr std::size_t kPmdr = 0x1b;
inline constexpr std::size_t kGeneralControl = 0x1c;
inline constexpr std::size_t kGeneralStatus = 0x1d;
inline constexpr std::size_t kCsrSize = 0x40;

// Status of the units, in the SCB's status byte (section 6.3.2.1, table 13).
enum class CuState : std::uint8_t { kIdle = 0, kSuspended = 1, kActive = 2 };
enum class RuState : std::uint8_t { kIdle = 0, kSuspended = 1, kNoResources = 2, kReady = 4 };

// Causes of interrupts, in the SCB's STAT/ACK byte.
inline constexpr std::uint8_t kFcp = 0x01;  // flow control pause
inline constexpr std::uint8_t kEr = 0x02;   // early receive
inline constexpr std::uint8_t kSwi = 0x04;  // the software's own
inline constexpr std::uint8_t kMdi = 0x08;  // a cycle of the management interface has ended
inline constexpr std::uint8_t kRnr = 0x10;  // the receive unit has left the ready state
inline constexpr std::uint8_t kCna = 0x20;  // the command unit has left the active state
inline constexpr std::uint8_t kFr = 0x40;   // a frame has been received
inline constexpr std::uint8_t kCx = 0x80;   // a command with its I bit set has been executed

// The SCB's interrupt control byte (section 6.3.2.2, table 14). Above these two bits are masks of
// causes.
inline constexpr std::uint8_t kM = 0x01;
inline constexpr std::uint8_t kSi = 0x02;

// Commands to the command unit, the upper half of the SCB's command byte (table 15).
enum class CuCommand : std::uint8_t {
  kNop = 0,
  kStart = 1,
  kResume = 2,
  kLoadDumpCountersAddress = 4,
  kDumpStatisticalCounters = 5,
  kLoadCuBase = 6,
  kDumpAndResetStatisticalCounters = 7,
  kStaticResume = 10,
};
// Commands to the receive unit, its lower half (table 16).
enum class RuCommand : std::uint8_t {
  kNop = 0,
  kStart = 1,
  kResume = 2,
  kAbort = 4,
  kLoadHds = 5,
  kLoadRuBase = 6,
  kRbdResume = 7,
};

// What is written to PORT, beside an address of which 16 bytes are a unit (section 6.3.3).
inline constexpr std::uint32_t kPortFunction = 0x0000000f;
inline constexpr std::uint32_t kPortSoftwareReset = 0;
inline constexpr std::uint32_t kPortSelfTest = 1;
inline constexpr std::uint32_t kPortSelectiveReset = 2;
inline constexpr std::uint32_t kPortDump = 3;

// EEPROM control register (section 6.3.4).
inline constexpr std::uint8_t kEesk = 0x01;
inline constexpr std::uint8_t kEecs = 0x02;
inline constexpr std::uint8_t kEedi = 0x04;
inline constexpr std::uint8_t kEedo = 0x08;

// MDI control register (section 6.3.5): data in bits 15 to 0, register in 20 to 16, PHY in 25 to
// 21.
inline constexpr std::uint32_t kMdiOpcode = 3U << 26;
inline constexpr std::uint32_t kMdiWrite = 1U << 26;
inline constexpr std::uint32_t kMdiRead = 2U << 26;
inline constexpr std::uint32_t kMdiReady = 1U << 28;
inline constexpr std::uint32_t kMdiInterruptEnable = 1U << 29;

// Power management driver register; its bits are cleared by writing ones.
inline constexpr std::uint8_t kPmdrLinkStatusChange = 0x80;
inline constexpr std::uint8_t kPmdrBits = 0xe1;

// General status register.
inline constexpr std::uint8_t kGeneralStatusLinkUp = 0x01;
inline constexpr std::uint8_t kGeneralStatus100 = 0x02;
inline constexpr std::uint8_t kGeneralStatusFullDuplex = 0x04;

// The beginning of every command block (section 6.4.1).
struct CommandBlock {
  Little16 status;
  Little16 command;
  Little32 link;  // where the next one is, from the command unit's base
};
static_assert(sizeof(CommandBlock) == 8);

inline constexpr std::uint16_t kCbC = 0x8000;   // complete
inline constexpr std::uint16_t kCbOk = 0x2000;  // without errors
inline constexpr std::uint16_t kCbU = 0x1000;   // of transmit: the data did not come in time

inline constexpr std::uint16_t kCbCommand = 0x0007;
inline constexpr std::uint16_t kCbSf = 0x0008;  // of transmit: flexible mode
inline constexpr std::uint16_t kCbNc = 0x0010;  // of transmit: the check sequence is in memory
inline constexpr std::uint16_t kCbCid = 0x1f00;
inline constexpr std::uint16_t kCbI = 0x2000;
inline constexpr std::uint16_t kCbS = 0x4000;
inline constexpr std::uint16_t kCbEl = 0x8000;

// Action commands (section 6.4.2).
enum class Action : std::uint8_t {
  kNop = 0,
  kIndividualAddressSetup = 1,
  kConfigure = 2,
  kMulticastSetup = 3,
  kTransmit = 4,
  kLoadMicrocode = 5,
  kDump = 6,
  kDiagnose = 7,
};

// Behind the beginning of a transmit command block (section 6.4.2.5). Then follow, if it is an
// extended one, two transmit buffer descriptors, and data.
struct TransmitCommandBlock {
  Little32 tbd_array;   // all ones: none
  Little16 byte_count;  // of the data behind it, in bits 13 to 0
  std::uint8_t transmit_threshold;
  std::uint8_t tbd_number;
};
static_assert(sizeof(TransmitCommandBlock) == 8);

struct TransmitBufferDescriptor {
  Little32 address;
  Little32 size;  // in bits 13 to 0; bit 16 marks the last one
};
static_assert(sizeof(TransmitBufferDescriptor) == 8);

// Section 6.4.3.1.2; data follows.
struct ReceiveFrameDescriptor {
  Little16 status;
  Little16 command;
  Little32 link;  // where the next one is, from the receive unit's base
  Little32 reserved;
  Little16 actual_count;  // in bits 13 to 0
  Little16 size;          // in bits 13 to 0
};
static_assert(sizeof(ReceiveFrameDescriptor) == 16);

inline constexpr std::uint16_t kCountBits = 0x3fff;  // of all sizes and counts

inline constexpr std::uint16_t kRfdC = 0x8000;
inline constexpr std::uint16_t kRfdOk = 0x2000;
inline constexpr std::uint16_t kRfdNoBuffer = 0x0200;        // the frame was larger
inline constexpr std::uint16_t kRfdType = 0x0020;            // no length is in its type
inline constexpr std::uint16_t kRfdNoAddressMatch = 0x0004;  // taken for being promiscuous
inline constexpr std::uint16_t kRfdNotIndividual = 0x0002;   // not the individual address

inline constexpr std::uint16_t kRfdH = 0x0010;  // a header RFD
inline constexpr std::uint16_t kRfdS = 0x4000;
inline constexpr std::uint16_t kRfdEl = 0x8000;

inline constexpr std::uint16_t kRfdEof = 0x8000;  // in the actual count
inline constexpr std::uint16_t kRfdF = 0x4000;    // the actual count is one

}  // namespace sluice::i82559c

#endif  // SLUICE_DEVICES_NIC_I82559C_REGISTERS_H_
