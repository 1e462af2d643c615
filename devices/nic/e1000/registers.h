// The registers of the 82540EM: where they are and what their bits mean.
//
// Names are those of Intel's "PCI/PCI-X Family of Gigabit Ethernet Controllers Software Developer's
// Manual", chapter 13. Offsets count bytes from the start of the memory region.

#ifndef SLUICE_DEVICES_NIC_E1000_REGISTERS_H_
#define SLUICE_DEVICES_NIC_E1000_REGISTERS_H_

#include <cstdint>

namespace sluice::e1000 {

// General (section 13.4).
inline constexpr std::uint32_t kCtrl = 0x0000;
inline constexpr std::uint32_t kCtrlDup = 0x0004;  // the same again
inline constexpr std::uint32_t kStatus = 0x0008;
inline constexpr std::uint32_t kEecd = 0x0010;
inline constexpr std::uint32_t kEerd = 0x0014;
inline constexpr std::uint32_t kCtrlExt = 0x0018;
inline constexpr std::uint32_t kFla = 0x001c;
inline constexpr std::uint32_t kMdic = 0x0020;
inline constexpr std::uint32_t kFcal = 0x0028;
inline constexpr std::uint32_t kFcah = 0x002c;
inline constexpr std::uint32_t kFct = 0x0030;
inline constexpr std::uint32_t kVet = 0x0038;
inline constexpr std::uint32_t kFcttv = 0x0170;
inline constexpr std::uint32_t kTxcw = 0x0178;
inline constexpr std::uint32_t kLedctl = 0x0e00;
inline constexpr std::uint32_t kPba = 0x1000;
inline constexpr std::uint32_t kFcrtl = 0x2160;
inline constexpr std::uint32_t kFcrth = 0x2168;

// Interrupts.
inline constexpr std::uint32_t kIcr = 0x00c0;
inline constexpr std::uint32_t kItr = 0x00c4;
inline constexpr std::uint32_t kIcs = 0x00c8;
inline constexpr std::uint32_t kIms = 0x00d0;
inline constexpr std::uint32_t kImc = 0x00d8;

// Receiving.
inline constexpr std::uint32_t kRctl = 0x0100;
inline constexpr std::uint32_t kRdfh = 0x2410;  // the first of five that look into the FIFO
inline constexpr std::uint32_t kRdfpc = 0x2430;
inline constexpr std::uint32_t kRdbal = 0x2800;
inline constexpr std::uint32_t kRdbah = 0x2804;
inline constexpr std::uint32_t kRdlen = 0x2808;
inline constexpr std::uint32_t kRdh = 0x2810;
inline constexpr std::uint32_t kRdt = 0x2818;
inline constexpr std::uint32_t kRdtr = 0x2820;
inline constexpr std::uint32_t kRxdctl = 0x2828;
inline constexpr std::uint32_t kRadv = 0x282c;
inline constexpr std::uint32_t kRsrpd = 0x2c00;
inline constexpr std::uint32_t kRxcsum = 0x5000;
inline constexpr std::uint32_t kMta = 0x5200;  // 128 double words
inline constexpr std::uint32_t kRal = 0x5400;  // 16 pairs
inline constexpr std::uint32_t kRah = 0x5404;
inline constexpr std::uint32_t kVfta = 0x5600;  // 128 double words

// Transmitting.
inline constexpr std::uint32_t kTctl = 0x0400;
inline constexpr std::uint32_t kTipg = 0x0410;
inline constexpr std::uint32_t kAit = 0x0458;
inline constexpr std::uint32_t kTxdmac = 0x3000;
inline constexpr std::uint32_t kTdfh = 0x3410;  // the first of five that look into the FIFO
inline constexpr std::uint32_t kTdfpc = 0x3430;
inline constexpr std::uint32_t kTdbal = 0x3800;
inline constexpr std::uint32_t kTdbah = 0x3804;
inline constexpr std::uint32_t kTdlen = 0x3808;
inline constexpr std::uint32_t kTdh = 0x3810;
inline constexpr std::uint32_t kTdt = 0x3818;
inline constexpr std::uint32_t kTidv = 0x3820;
inline constexpr std::uint32_t kTxdctl = 0x3828;
inline constexpr std::uint32_t kTadv = 0x382c;
inline constexpr std::uint32_t kTspmt = 0x3830;

// Wake-up, management, software's semaphores.
inline constexpr std::uint32_t kWuc = 0x5800;
inline constexpr std::uint32_t kWufc = 0x5808;
inline constexpr std::uint32_t kWus = 0x5810;
inline constexpr std::uint32_t kManc = 0x5820;
inline constexpr std::uint32_t kIpav = 0x5838;
inline constexpr std::uint32_t kIp4at = 0x5840;  // 4, every other double word
inline constexpr std::uint32_t kIp6at = 0x5880;  // 4 double words
inline constexpr std::uint32_t kWupl = 0x5900;
inline constexpr std::uint32_t kWupm = 0x5a00;  // 32 double words
inline constexpr std::uint32_t kSwsm = 0x5b50;
inline constexpr std::uint32_t kSwFwSync = 0x5b5c;
inline constexpr std::uint32_t kFflt = 0x5f00;  // 4, every other double word
inline constexpr std::uint32_t kFfmt = 0x9000;  // 128, every other double word
inline constexpr std::uint32_t kFfvt = 0x9800;  // 128, every other double word

// CTRL
inline constexpr std::uint32_t kCtrlFd = 1U << 0;
inline constexpr std::uint32_t kCtrlSlu = 1U << 6;
inline constexpr std::uint32_t kCtrlSpeed1000 = 2U << 8;
inline constexpr std::uint32_t kCtrlRst = 1U << 26;
inline constexpr std::uint32_t kCtrlVme = 1U << 30;
inline constexpr std::uint32_t kCtrlPhyRst = 1U << 31;
// STATUS
inline constexpr std::uint32_t kStatusFd = 1U << 0;
inline constexpr std::uint32_t kStatusLu = 1U << 1;
inline constexpr std::uint32_t kStatusSpeed1000 = 2U << 6;
inline constexpr std::uint32_t kStatusAsdv1000 = 2U << 8;
// EECD
inline constexpr std::uint32_t kEecdSk = 1U << 0;
inline constexpr std::uint32_t kEecdCs = 1U << 1;
inline constexpr std::uint32_t kEecdDi = 1U << 2;
inline constexpr std::uint32_t kEecdDo = 1U << 3;
inline constexpr std::uint32_t kEecdFwe = 3U << 4;
inline constexpr std::uint32_t kEecdEeReq = 1U << 6;
inline constexpr std::uint32_t kEecdEeGnt = 1U << 7;
inline constexpr std::uint32_t kEecdEePres = 1U << 8;
// EERD
inline constexpr std::uint32_t kEerdStart = 1U << 0;
inline constexpr std::uint32_t kEerdDone = 1U << 4;
inline constexpr unsigned kEerdAddressShift = 8;
inline constexpr unsigned kEerdDataShift = 16;
// CTRL_EXT
inline constexpr std::uint32_t kCtrlExtEeRst = 1U << 13;
// MDIC
inline constexpr unsigned kMdicRegisterShift = 16;
inline constexpr unsigned kMdicPhyShift = 21;
inline constexpr std::uint32_t kMdicOp = 3U << 26;
inline constexpr std::uint32_t kMdicOpWrite = 1U << 26;
inline constexpr std::uint32_t kMdicOpRead = 2U << 26;
inline constexpr std::uint32_t kMdicR = 1U << 28;
inline constexpr std::uint32_t kMdicI = 1U << 29;
inline constexpr std::uint32_t kMdicE = 1U << 30;
// ICR, ICS, IMS and IMC
inline constexpr std::uint32_t kIcrTxdw = 1U << 0;
inline constexpr std::uint32_t kIcrTxqe = 1U << 1;
inline constexpr std::uint32_t kIcrLsc = 1U << 2;
inline constexpr std::uint32_t kIcrRxseq = 1U << 3;
inline constexpr std::uint32_t kIcrRxdmt0 = 1U << 4;
inline constexpr std::uint32_t kIcrRxo = 1U << 6;
inline constexpr std::uint32_t kIcrRxt0 = 1U << 7;
inline constexpr std::uint32_t kIcrMdac = 1U << 9;
inline constexpr std::uint32_t kIcrTxdLow = 1U << 15;
inline constexpr std::uint32_t kIcrSrpd = 1U << 16;
inline constexpr std::uint32_t kIcrCauses = 0x0001f6df;  // all that there are
// RCTL
inline constexpr std::uint32_t kRctlEn = 1U << 1;
inline constexpr std::uint32_t kRctlUpe = 1U << 3;
inline constexpr std::uint32_t kRctlMpe = 1U << 4;
inline constexpr std::uint32_t kRctlLpe = 1U << 5;
inline constexpr std::uint32_t kRctlLbm = 3U << 6;
inline constexpr std::uint32_t kRctlLbmMac = 1U << 6;
inline constexpr unsigned kRctlRdmtsShift = 8;
inline constexpr unsigned kRctlMoShift = 12;
inline constexpr std::uint32_t kRctlBam = 1U << 15;
inline constexpr unsigned kRctlBsizeShift = 16;
inline constexpr std::uint32_t kRctlVfe = 1U << 18;
inline constexpr std::uint32_t kRctlCfien = 1U << 19;
inline constexpr std::uint32_t kRctlCfi = 1U << 20;
inline constexpr std::uint32_t kRctlBsex = 1U << 25;
inline constexpr std::uint32_t kRctlSecrc = 1U << 26;
// RXCSUM
inline constexpr std::uint32_t kRxcsumPcss = 0xff;
inline constexpr std::uint32_t kRxcsumIpofl = 1U << 8;
inline constexpr std::uint32_t kRxcsumTuofl = 1U << 9;
// RAH
inline constexpr std::uint32_t kRahAsSource = 1U << 16;
inline constexpr std::uint32_t kRahAs = 3U << 16;
inline constexpr std::uint32_t kRahAv = 1U << 31;
// RDTR and TIDV
inline constexpr std::uint32_t kDelayFpd = 1U << 31;
// TCTL
inline constexpr std::uint32_t kTctlEn = 1U << 1;
inline constexpr std::uint32_t kTctlPsp = 1U << 3;
// TXDCTL
inline constexpr unsigned kTxdctlLwthreshShift = 25;
// SWSM
inline constexpr std::uint32_t kSwsmSmbi = 1U << 0;

// Statistics (section 13.7): those that something here counts.
inline constexpr std::uint32_t kStatistics = 0x4000;
inline constexpr std::uint32_t kStatisticsEnd = 0x4100;
inline constexpr std::uint32_t kMpc = 0x4010;
inline constexpr std::uint32_t kRlec = 0x4040;
inline constexpr std::uint32_t kPrc64 = 0x405c;  // the first of six, by length
inline constexpr std::uint32_t kGprc = 0x4074;
inline constexpr std::uint32_t kBprc = 0x4078;
inline constexpr std::uint32_t kMprc = 0x407c;
inline constexpr std::uint32_t kGptc = 0x4080;
inline constexpr std::uint32_t kGorcl = 0x4088;
inline constexpr std::uint32_t kGotcl = 0x4090;
inline constexpr std::uint32_t kRnbc = 0x40a0;
inline constexpr std::uint32_t kRoc = 0x40ac;
inline constexpr std::uint32_t kTorl = 0x40c0;
inline constexpr std::uint32_t kTotl = 0x40c8;
inline constexpr std::uint32_t kTpr = 0x40d0;
inline constexpr std::uint32_t kTpt = 0x40d4;
inline constexpr std::uint32_t kPtc64 = 0x40d8;  // the first of six, by length
inline constexpr std::uint32_t kMptc = 0x40f0;
inline constexpr std::uint32_t kBptc = 0x40f4;
inline constexpr std::uint32_t kTsctc = 0x40f8;
inline constexpr std::uint32_t kTsctfc = 0x40fc;

}  // namespace sluice::e1000

#endif  // SLUICE_DEVICES_NIC_E1000_REGISTERS_H_
