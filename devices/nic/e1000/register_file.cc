#include "devices/nic/e1000/register_file.h"

namespace sluice::e1000 {
namespace {

constexpr std::uint32_t kAll = 0xffffffff;
constexpr std::uint32_t kInitialPba = 0x00100030;  // 48 KiB to receive, 16 KiB to transmit

struct Plain {
  std::uint32_t offset;
  std::uint32_t writable;
  std::uint32_t initial = 0;
  unsigned count = 1;
  unsigned stride = 4;  // bytes from one to the next
};

constexpr Plain kPlain[] = {
    {kCtrl, ~(kCtrlRst | kCtrlPhyRst), kCtrlFd | kCtrlSpeed1000},
    {kCtrlExt, ~kCtrlExtEeRst},
    {kFla, kAll},
    {kFcal, kAll},
    {kFcah, 0xffff},
    {kFct, 0xffff},
    {kVet, 0xffff, 0x8100},
    {kItr, 0xffff},
    {kRctl, 0x06dfb3fe},
    {kFcttv, 0xffff},
    {kTxcw, 0xc000ffff},
    {kTctl, 0x037ffffa},
    {kTipg, 0x3fffffff},
    {kAit, 0xffff},
    {kLedctl, kAll, 0x07068302},
    {kFcrtl, 0x8000fff8},
    {kFcrth, 0x8000fff8},
    {kRdfh, 0x1fff, 0, (kRdfpc - kRdfh) / 8 + 1, 8},
    {kRdbal, 0xfffffff0},
    {kRdbah, kAll},
    {kRdlen, 0x000fff80},
    {kRdh, 0xffff},
    {kRdt, 0xffff},
    {kRdtr, 0xffff},
    {kRxdctl, 0x013f3f3f, 0x00010000},
    {kRadv, 0xffff},
    {kRsrpd, 0x0fff},
    {kTxdmac, 1},
    {kTdfh, 0x1fff, 0, (kTdfpc - kTdfh) / 8 + 1, 8},
    {kTdbal, 0xfffffff0},
    {kTdbah, kAll},
    {kTdlen, 0x000fff80},
    {kTdh, 0xffff},
    {kTdt, 0xffff},
    {kTidv, 0xffff},
    {kTxdctl, 0xff3f3f3f},
    {kTadv, 0xffff},
    {kTspmt, kAll},
    {kRxcsum, 0x07ff},
    {kMta, kAll, 0, 128},
    {kRal, kAll, 0, 16, 8},
    {kRah, 0x8003ffff, 0, 16, 8},
    {kVfta, kAll, 0, 128},
    {kWuc, 0x0f},
    {kWufc, 0x000f80ff},
    {kManc, kAll},
    {kIpav, 0x0001000f},
    {kIp4at, kAll, 0, 4, 8},
    {kIp6at, kAll, 0, 4},
    {kWupl, 0x0fff},
    {kWupm, kAll, 0, 32},
    {kSwsm, 0x03},
    {kSwFwSync, kAll},
    {kFflt, 0x07ff, 0, 4, 8},
    {kFfmt, 0x0f, 0, 128, 8},
    {kFfvt, kAll, 0, 128, 8},
};

}  // namespace

RegisterFile::RegisterFile() {
  set(kPba, kInitialPba);
  reset();
}

const RegisterFile::Words& RegisterFile::writable() {
  static constexpr Words kMasks = [] {
    Words masks{};
    for (const Plain& plain : kPlain) {
      for (unsigned i = 0; i < plain.count; ++i) {
        masks[(plain.offset + i * plain.stride) / 4] = plain.writable;
      }
    }
    return masks;
  }();
  return kMasks;
}

void RegisterFile::reset() {
  const std::uint32_t pba = (*this)[kPba];
  values_.fill(0);
  for (const Plain& plain : kPlain) {
    for (unsigned i = 0; i < plain.count; ++i) set(plain.offset + i * plain.stride, plain.initial);
  }
  set(kPba, pba);
}

void RegisterFile::write(std::uint32_t offset, std::uint32_t value) {
  const std::uint32_t mask = writable().at(offset / 4);
  set(offset, ((*this)[offset] & ~mask) | (value & mask));
}

}  // namespace sluice::e1000
