// The registers of the RTL8139C+ by the names that its data sheet has for them.
//
// Chapter and section numbers are those of Realtek's "RTL8139C(L)" (Rev. 1.4, 2002); what C+ mode
// adds is told by the data sheet of the RTL8139C+ under the same names. The same 256 bytes are seen
// through both base address registers.

#ifndef SLUICE_DEVICES_NIC_RTL8139_REGISTERS_H_
#define SLUICE_DEVICES_NIC_RTL8139_REGISTERS_H_

#include <cstddef>
#include <cstdint>

namespace sluice::rtl8139 {

// Offsets of the double words. What shares one, is named in the order in which it lies there.
enum Register : std::uint8_t {
  kIdr0 = 0x00,  // the station's address
  kIdr4 = 0x04,
  kMar0 = 0x08,  // the multicast hash table
  kMar4 = 0x0c,
  kTsd0 = 0x10,  // four transmit slots: status
  kTsd3 = 0x1c,
  kDtccr = 0x10,  // C+ mode: dump tally counters
  kDtccrHigh = 0x14,
  kTsad0 = 0x20,  // four transmit slots: address
  kTsad3 = 0x2c,
  kTnpds = 0x20,  // C+ mode: transmit ring of normal priority, 64 bits
  kThpds = 0x28,  // C+ mode: transmit ring of high priority, 64 bits
  kRbstart = 0x30,
  kErbcr = 0x34,  // and ERSR, CR
  kCapr = 0x38,   // and CBR
  kImr = 0x3c,    // and ISR
  kTcr = 0x40,
  kRcr = 0x44,
  kTctr = 0x48,
  kMpc = 0x4c,
  k9346cr = 0x50,  // and CONFIG0, CONFIG1
  kTimerInt = 0x54,
  kMsr = 0x58,      // and CONFIG3, CONFIG4, HLTCLK
  kMulint = 0x5c,   // and RERID
  kTsadAll = 0x60,  // TSAD, the status of all slots, and BMCR
  kBmsr = 0x64,     // and ANAR
  kAnlpar = 0x68,   // and ANER
  kDis = 0x6c,      // and FCSC
  kNwaytr = 0x70,   // and REC
  kCscr = 0x74,
  kPhy1Parm = 0x78,
  kPhy2Parm = 0x80,
  kWakeup = 0x84,  // CRC0-7, Wakeup0-7, LSBCRC0-7
  kFlash = 0xd4,
  kConfig5 = 0xd8,  // and TPPoll
  kCpcr = 0xe0,
  kRdsar = 0xe4,  // 64 bits
  kRdsarHigh = 0xe8,
  kEtthr = 0xec,
};
constexpr std::size_t kRegisterBytes = 256;

// TSD0-3: Transmit Status Register (section 6.2).
enum Tsd : std::uint32_t {
  kTsdSize = 0x1fff,
  kTsdOwn = 1U << 13,  // the slot is the driver's
  kTsdTok = 1U << 15,
  kTsdThreshold = 0x3fU << 16,
  kTsdTabt = 1U << 30,
  kTsdCrs = 1U << 31,  // the carrier is lost
};

// CR: Command Register (section 6.4).
enum Cr : std::uint8_t { kCrBufe = 1U << 0, kCrTe = 1U << 2, kCrRe = 1U << 3, kCrRst = 1U << 4 };

// IMR and ISR: Interrupt Mask and Status Register (sections 6.5, 6.6).
enum Interrupt : std::uint16_t {
  kRok = 1U << 0,
  kRer = 1U << 1,
  kTok = 1U << 2,
  kTer = 1U << 3,
  kRxovw = 1U << 4,    // in C+ mode RDU: no receive descriptor
  kLinkChg = 1U << 5,  // and PUN
  kFovw = 1U << 6,
  kTdu = 1U << 7,  // C+ mode: no transmit descriptor
  kSwInt = 1U << 8,
  kLenChg = 1U << 13,
  kTimeOut = 1U << 14,
  kSerr = 1U << 15,  // an error on the bus
};
constexpr std::uint16_t kInterrupts = 0xe1ff;

// TCR: Transmit Configuration Register (section 6.7).
enum Tcr : std::uint32_t {
  kTcrWritable = 0x030707f0,  // TXRR, MXDMA, CRC, LBK, IFG
  kTcrCrc = 1U << 16,         // the driver appends the CRC
  kTcrLoopback = 3U << 17,
  kTcrIfg = 3U << 24,
  kTcrVersion8139C = 0x74000000,
  kTcrVersion8139CPlus = 0x74800000,
};

// RCR: Receive Configuration Register (section 6.8).
enum Rcr : std::uint32_t {
  kRcrAap = 1U << 0,  // any physical address
  kRcrApm = 1U << 1,  // the station's
  kRcrAm = 1U << 2,   // multicast, by the hash table
  kRcrAb = 1U << 3,   // broadcast
  kRcrWrap = 1U << 7,
  kRcrRblenShift = 11,
  kRcrRblen = 3U << kRcrRblenShift,
  kRcrWritable = 0x0f03ffbf,  // all but 9356SEL
};

// 9346CR: 93C46 (93C56) Command Register (section 6.9).
enum Cr9346 : std::uint8_t {
  kEedo = 1U << 0,
  kEedi = 1U << 1,
  kEesk = 1U << 2,
  kEecs = 1U << 3,
  kEem = 3U << 6,
  kEemAutoLoad = 1U << 6,
  kEemProgram = 2U << 6,
  kEemWriteConfig = 3U << 6,
};

// MSR: Media Status Register (section 6.12).
enum Msr : std::uint8_t {
  kMsrLinkb = 1U << 2,  // no link
  kMsrSpeed10 = 1U << 3,
  kMsrWritable = 1U << 7 | 1U << 6,  // TXFCE, RXFCE
};

// TPPoll: Transmit Priority Polling Register, of C+ mode.
enum TpPoll : std::uint8_t { kFswInt = 1U << 0, kNpq = 1U << 6, kHpq = 1U << 7 };

// CPCR: C+ mode Command Register.
enum Cpcr : std::uint16_t {
  kCpTx = 1U << 0,
  kCpRx = 1U << 1,
  kCpRxChkSum = 1U << 5,
  kCpRxVlan = 1U << 6,
  kCpcrWritable = 0x007b,
};

// DTCCR: Dump Tally Counter Command Register, of C+ mode.
enum Dtccr : std::uint8_t { kDtccrCmd = 1U << 3 };

}  // namespace sluice::rtl8139

#endif  // SLUICE_DEVICES_NIC_RTL8139_REGISTERS_H_
