#include "devices/nic/e1000/driver.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "stack/segmenter.h"

namespace sluice::e1000 {
namespace {

constexpr std::size_t kCommand = 4;
constexpr std::uint32_t kAllowed = 7;  // both kinds of regions, and to master the bus

}  // namespace

Driver::Driver() {
  card.write_config(now, kCommand, 2, kAllowed);
  write(kCtrl, read(kCtrl) | kCtrlSlu);
  read(kIcr);
  start_transmitter();
  start_receiver();
}

void Driver::start_transmitter(std::uint32_t ring) {
  tx_ring = ring;
  tx_tail = 0;
  write(kTctl, 0);
  write(kTdbal, kTxRing);
  write(kTdbah, 0);
  write(kTdlen, static_cast<std::uint32_t>(ring * kDescriptorSize));
  write(kTdh, 0);
  write(kTdt, 0);
  write(kTctl, kTctlEn | kTctlPsp);
}

void Driver::start_receiver(std::uint32_t rctl, std::uint32_t ring, std::uint32_t buffer) {
  rx_ring = ring;
  rx_head = 0;
  buffer_ = buffer;
  write(kRctl, 0);
  for (std::uint32_t i = 0; i < ring; ++i) {
    slot.memory().store<std::uint64_t>(kRxRing + i * kDescriptorSize,
                                       kRxData + std::uint64_t{i} * buffer);
    slot.memory().store<std::uint64_t>(kRxRing + i * kDescriptorSize + 8, 0);
  }
  write(kRdbal, kRxRing);
  write(kRdbah, 0);
  write(kRdlen, static_cast<std::uint32_t>(ring * kDescriptorSize));
  write(kRdh, 0);
  write(kRdt, ring - 1);
  write(kRctl, rctl);
}

std::uint16_t Driver::read_phy(unsigned number) {
  write(kMdic, kMdicOpRead | 1U << kMdicPhyShift | number << kMdicRegisterShift);
  const std::uint32_t result = read(kMdic);
  EXPECT_EQ(result & (kMdicR | kMdicE), kMdicR);
  return static_cast<std::uint16_t>(result);
}

void Driver::write_phy(unsigned number, std::uint16_t value) {
  write(kMdic, kMdicOpWrite | 1U << kMdicPhyShift | number << kMdicRegisterShift | value);
  EXPECT_EQ(read(kMdic) & (kMdicR | kMdicE), kMdicR);
}

std::uint16_t Driver::read_eeprom(unsigned address) {
  write(kEecd, kEecdEeReq);
  EXPECT_NE(read(kEecd) & kEecdEeGnt, 0U);
  const auto clock = [&](bool bit) {
    const std::uint32_t pins = kEecdEeReq | kEecdCs | (bit ? kEecdDi : 0);
    write(kEecd, pins);
    write(kEecd, pins | kEecdSk);
    const bool out = (read(kEecd) & kEecdDo) != 0;
    write(kEecd, pins);
    return out;
  };
  const unsigned request = 6U << 6 | address;
  for (int i = 8; i >= 0; --i) clock((request >> i & 1U) != 0);
  unsigned word = 0;
  for (int i = 0; i < 16; ++i) word = word << 1 | (clock(false) ? 1U : 0U);
  write(kEecd, 0);
  return static_cast<std::uint16_t>(word);
}

std::uint64_t Driver::put(Bytes bytes) {
  // From the beginning again when there is no more room: it has been sent meanwhile.
  if (next_data_ + bytes.size() > kRxData) next_data_ = kTxData;
  const std::uint64_t place = next_data_;
  EXPECT_TRUE(slot.memory().write(place, bytes));
  next_data_ += bytes.size();
  return place;
}

void Driver::post_legacy(Bytes data, std::uint8_t command, std::uint16_t special) {
  post(LegacyDescriptor{.address = put(data),
                        .length = static_cast<std::uint16_t>(data.size()),
                        .command = command,
                        .special = special});
}

void Driver::post_context(const ContextDescriptor& context, std::uint8_t tucmd,
                          std::uint32_t paylen) {
  ContextDescriptor descriptor = context;
  descriptor.paylen_dtyp_tucmd = paylen | std::uint32_t{tucmd} << 24 | std::uint32_t{kTxDext} << 24;
  post(descriptor);
}

void Driver::post_data(Bytes data, std::uint8_t dcmd, std::uint8_t popts, std::uint16_t special) {
  const std::uint32_t word = static_cast<std::uint32_t>(data.size()) | kTxDtypData << kTxDtypShift |
                             std::uint32_t{static_cast<std::uint8_t>(dcmd | kTxDext)} << 24;
  post(DataDescriptor{
      .address = put(data), .dtalen_dtyp_dcmd = word, .popts = popts, .special = special});
}

bool Driver::done(std::uint32_t index) {
  return (slot.memory().load<std::uint8_t>(kTxRing + index * kDescriptorSize + kTxStatusOffset) &
          kTxDd) != 0;
}

std::vector<Driver::Sent> Driver::take() {
  std::vector<Sent> sent;
  for (const Frame& frame : card.take_frames()) {
    sent.push_back({Octets(frame.bytes.begin(), frame.bytes.end()), frame.offload});
  }
  return sent;
}

Driver::Sent Driver::take_one() {
  std::vector<Sent> sent = take();
  EXPECT_EQ(sent.size(), 1U);
  return sent.empty() ? Sent{} : sent.front();
}

void Driver::deliver(Bytes frame, const Offload& offload, gsl::span<const Bytes> payload) {
  card.set_time(now);
  copy_bytes(frame, card.reserve(frame.size()));
  card.commit(frame.size(), payload, offload);
  card.flush();
}

std::optional<Driver::Received> Driver::receive() {
  Received received;
  for (bool last = false; !last; ++received.descriptors) {
    Raw raw{};
    const std::uint64_t place = kRxRing + rx_head * kDescriptorSize;
    slot.memory().read(place, raw);
    const auto descriptor = std::bit_cast<ReceiveDescriptor>(raw);
    const ReceiveDescriptor::WriteBack& told = descriptor.write_back;
    if ((told.status & kRxDd) == 0) return std::nullopt;
    const Bytes data = slot.memory().view(descriptor.address, told.length);
    received.frame.insert(received.frame.end(), data.begin(), data.end());
    if (received.descriptors == 0) received.checksum = told.checksum;
    received.status = told.status;
    received.errors = told.errors;
    received.special = told.special;
    last = (told.status & kRxEop) != 0;
    slot.memory().store<std::uint64_t>(place + 8, 0);
    rx_head = (rx_head + 1) % rx_ring;
    write(kRdt, (read(kRdt) + 1) % rx_ring);
  }
  return received;
}

void Driver::step() {
  const auto deadline = card.deadline();
  ASSERT_TRUE(deadline.has_value());
  now = std::max(now, *deadline);
  card.on_time(now);
}

Octets finished(const Driver::Sent& sent) {
  Octets frame = sent.frame;
  EXPECT_EQ(sent.offload.segmentation, Segmentation::kNone);
  complete_checksum(frame, {}, sent.offload);
  return frame;
}

}  // namespace sluice::e1000
