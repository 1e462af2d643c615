#include "services/tftp/server.h"

#include <algorithm>
#include <string>

#include "services/tftp/file_reader.h"
#include "services/tftp/window.h"
#include "stack/random.h"

namespace sluice {
namespace {

constexpr std::size_t kShortPacket = 512;  // all that is no data fits in

TftpConfig sensible(TftpConfig config) {
  config.max_block_size =
      std::clamp<std::size_t>(config.max_block_size, TftpTerms::kPlainBlockSize, 65464);
  config.max_window = std::clamp<std::size_t>(config.max_window, 1, 64);
  config.max_transfers = std::max<std::size_t>(config.max_transfers, 1);
  config.max_tries = std::max(config.max_tries, 1U);
  return config;
}

bool is_text(std::string_view text, std::string_view lower_case) {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return a == b || (b >= 'a' && a == b - 'a' + 'A'); });
}

std::optional<TftpMode> mode_of(std::string_view text) {
  if (is_text(text, "octet")) return TftpMode::kOctet;
  if (is_text(text, "netascii")) return TftpMode::kNetascii;
  return std::nullopt;
}

// The path that a name stands for; nullopt if no file is named so.
std::optional<std::string> path_of(std::string_view name) {
  const bool has_control = std::any_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte < 0x20 || byte == 0x7f;
  });
  if (name.empty() || name.size() > TftpServer::kMaxName || has_control) return std::nullopt;
  std::string path(name);
  std::replace(path.begin(), path.end(), '\\', '/');  // as Windows' boot loaders write it
  return path;
}

TftpError error_for(std::errc error) {
  switch (error) {
    case std::errc::no_such_file_or_directory:
    case std::errc::not_a_directory:
    case std::errc::filename_too_long:
      return {TftpErrorCode::kFileNotFound, "there is no such file"};
    case std::errc::permission_denied:
    case std::errc::operation_not_permitted:
    case std::errc::is_a_directory:
    case std::errc::too_many_symbolic_link_levels:
      return {TftpErrorCode::kAccessViolation, "the file is not handed out"};
    case std::errc::too_many_files_open:
    case std::errc::too_many_files_open_in_system:
      return {TftpErrorCode::kOther, "too many files are open; try again later"};
    default:
      return {TftpErrorCode::kOther, "the file can't be opened"};
  }
}

bool is_somebody(const Endpoint& endpoint) {
  return endpoint.port != 0 && !endpoint.address.is_unspecified() &&
         !endpoint.address.is_multicast() && !endpoint.address.is_limited_broadcast();
}

}  // namespace

// An open file on its way, from its first answer on. Its owner closes the file.
struct TftpServer::Attempt {
  FileId file;
  TftpTerms terms;
  TftpWindow window;
};

struct TftpServer::Transfer final : TimerHandler {
  explicit Transfer(TftpServer& server) : owner(server), timer(*this) {}

  void on_timer(Time now, Timer& /*timer*/) override { owner.on_timeout(now, *this); }

  TftpServer& owner;
  Peer peer;
  std::uint64_t request = 0;         // a keyed hash of the request
  std::unique_ptr<Attempt> current;  // the one the client follows; null if the place is free
  std::unique_ptr<Attempt> other;    // the one it may follow as well
  unsigned tries = 0;                // how often the same was sent
  std::uint64_t active = 0;          // see activity_
  Timer timer;
};

TftpServer::TftpServer(const TftpConfig& config, const ServiceContext& context, Files& files)
    : config_(sensible(config)), context_(context), files_(files), packet_(kShortPacket) {}

TftpServer::~TftpServer() {
  for (const auto& transfer : transfers_) {
    if (!transfer->current) continue;
    drop_other(*transfer);
    files_.close(transfer->current->file);
  }
}

std::size_t TftpServer::transfers() const {
  return static_cast<std::size_t>(
      std::count_if(transfers_.begin(), transfers_.end(),
                    [](const auto& transfer) { return transfer->current != nullptr; }));
}

void TftpServer::on_datagram(Time now, const ServiceDatagram& datagram) {
  ++counters_.datagrams;
  const auto opcode = tftp_opcode(datagram.payload);
  // Requests to a broadcast address are ignored (RFC 1123, section 4.2.3.4).
  if (!opcode || !is_somebody(datagram.from) || !is_somebody(datagram.to)) {
    ++counters_.dropped;
    return;
  }
  const auto reject = [&](TftpErrorCode code, std::string_view text) {
    ++counters_.rejected;
    send_error(now, {datagram.from, datagram.to, datagram.link_from}, code, text);
  };
  const auto message = parse_tftp(datagram.payload);
  if (*opcode == TftpOpcode::kError) {
    // Never answered, so that no two servers can go on complaining to each other.
    if (message) return on_error(datagram);
    ++counters_.dropped;
  } else if (!message) {
    reject(TftpErrorCode::kIllegalOperation, "no message of TFTP");
  } else if (const auto* request = std::get_if<TftpRequest>(&*message)) {
    if (request->writes) return reject(TftpErrorCode::kAccessViolation, "nothing is written here");
    on_request(now, datagram, *request);
  } else if (const auto* acknowledgment = std::get_if<TftpAcknowledgment>(&*message)) {
    on_acknowledgment(now, datagram, acknowledgment->block);
  } else {
    reject(TftpErrorCode::kIllegalOperation, "this is the side that sends");
  }
}

void TftpServer::on_request(Time now, const ServiceDatagram& datagram, const TftpRequest& request) {
  const Peer peer{datagram.from, datagram.to, datagram.link_from};
  const std::uint64_t digest = siphash(context_.seed, datagram.payload);
  Transfer* transfer = find(datagram);
  if (transfer != nullptr && transfer->request != digest) {
    end(*transfer, counters_.replaced);
    transfer = nullptr;
  }
  if (transfer != nullptr) {
    transfer->active = ++activity_;
    // What has not begun is begun again, and the timer goes on as it was.
    for (Attempt* attempt : {transfer->current.get(), transfer->other.get()}) {
      if (attempt == nullptr || attempt->window.has_begun()) continue;
      ++counters_.repeated;
      if (!send(now, peer, *attempt)) end(*transfer, counters_.failed);
      return;
    }
  }
  ++counters_.requests;
  auto attempt = open(now, peer, request);
  if (!attempt) {
    ++counters_.refused;
    return;
  }
  if (transfer != nullptr) {
    drop_other(*transfer);
    transfer->other = std::move(attempt);
    transfer->tries = 0;
    proceed(now, *transfer, *transfer->other);
    return;
  }
  Transfer& place = take_place(now);
  place.peer = peer;
  place.request = digest;
  place.active = ++activity_;
  place.current = std::move(attempt);
  place.tries = 0;
  proceed(now, place, *place.current);
}

std::unique_ptr<TftpServer::Attempt> TftpServer::open(Time now, const Peer& peer,
                                                      const TftpRequest& request) {
  const auto mode = mode_of(request.mode);
  if (!mode) {
    send_error(now, peer, TftpErrorCode::kIllegalOperation, "modes are octet and netascii");
    return nullptr;
  }
  const auto path = path_of(request.file);
  if (!path) {
    send_error(now, peer, TftpErrorCode::kAccessViolation, "no file is named so");
    return nullptr;
  }
  const OpenedFile opened = files_.open(*path);
  if (opened.id == FileId::kNone) {
    const TftpError error = error_for(opened.error);
    send_error(now, peer, error.code, error.text);
    return nullptr;
  }
  const auto terms = TftpTerms::agree(config_, *mode, request.options, opened.size);
  return std::make_unique<Attempt>(
      Attempt{opened.id, terms, TftpWindow(terms.window, !terms.acknowledged.empty())});
}

void TftpServer::on_acknowledgment(Time now, const ServiceDatagram& datagram, std::uint16_t block) {
  Transfer* const transfer = find(datagram);
  if (transfer == nullptr) {
    if (std::any_of(informed_.begin(), informed_.end(),
                    [&](const Peer& informed) { return informed.is_of(datagram); })) {
      ++counters_.stale;
      return;
    }
    ++counters_.unknown;
    send_error(now, {datagram.from, datagram.to, datagram.link_from},
               TftpErrorCode::kUnknownTransfer, "there is no such transfer");
    return;
  }
  transfer->active = ++activity_;
  settle(*transfer, block);
  switch (transfer->current->window.on_acknowledgment(block)) {
    case TftpWindow::Answer::kAdvanced:
      transfer->tries = 0;
      proceed(now, *transfer, *transfer->current);
      break;
    case TftpWindow::Answer::kCompleted:
      remember(transfer->peer);
      end(*transfer, counters_.completed);
      break;
    case TftpWindow::Answer::kRepeat:
      if (!send(now, transfer->peer, *transfer->current)) end(*transfer, counters_.failed);
      break;
    case TftpWindow::Answer::kStale:
      ++counters_.stale;
      break;
  }
}

// Where there are two attempts, finds out which one the client follows. The one it has left is kept
// until the other one has got further than its beginning: until then, a late copy may have misled.
void TftpServer::settle(Transfer& transfer, std::uint16_t block) {
  if (!transfer.other) return;
  const TftpWindow& current = transfer.current->window;
  const TftpWindow& other = transfer.other->window;
  if (current.expects(block)) {
    if (current.has_begun()) drop_other(transfer);
  } else if (other.expects(block) || (other.is_behind(block) && !current.is_behind(block))) {
    std::swap(transfer.current, transfer.other);
  } else if (current.is_behind(block) && !other.has_begun()) {
    drop_other(transfer);
  }
}

void TftpServer::drop_other(Transfer& transfer) {
  if (!transfer.other) return;
  files_.close(transfer.other->file);
  transfer.other.reset();
  ++counters_.replaced;
}

void TftpServer::on_error(const ServiceDatagram& datagram) {
  Transfer* const transfer = find(datagram);
  if (transfer == nullptr) {
    ++counters_.dropped;
    return;
  }
  end(*transfer, counters_.aborted);
}

void TftpServer::on_timeout(Time now, Transfer& transfer) {
  if (transfer.tries >= config_.max_tries) {
    end(transfer, counters_.expired);
    return;
  }
  ++counters_.timeouts;
  // A client that starts over waits for the first answer; one that does not says so itself.
  const bool starts_over = transfer.other && !transfer.other->window.has_begun();
  Attempt& attempt = starts_over ? *transfer.other : *transfer.current;
  attempt.window.on_timeout();
  proceed(now, transfer, attempt);
}

TftpServer::Transfer* TftpServer::find(const ServiceDatagram& datagram) {
  for (const auto& transfer : transfers_) {
    if (transfer->current && transfer->peer.is_of(datagram)) return transfer.get();
  }
  return nullptr;
}

TftpServer::Transfer& TftpServer::take_place(Time now) {
  Transfer* oldest = nullptr;
  for (const auto& transfer : transfers_) {
    if (!transfer->current) return *transfer;
    if (oldest == nullptr || transfer->active < oldest->active) oldest = transfer.get();
  }
  if (transfers_.size() < config_.max_transfers) {
    transfers_.push_back(std::make_unique<Transfer>(*this));
    return *transfers_.back();
  }
  send_error(now, oldest->peer, TftpErrorCode::kOther, "too many transfers; this one gave way");
  end(*oldest, counters_.gave_way);
  return *oldest;
}

void TftpServer::end(Transfer& transfer, std::uint64_t& counter) {
  drop_other(transfer);
  files_.close(transfer.current->file);
  transfer.current.reset();
  transfer.timer.cancel();
  ++counter;
}

bool TftpServer::send(Time now, const Peer& peer, Attempt& attempt) {
  TftpWindow& window = attempt.window;
  if (window.awaits_options()) {
    const TftpOptionAcknowledgment answer{attempt.terms.acknowledged};
    const std::size_t size = emit_tftp(answer, packet_);
    context_.output.send(now, peer.server, peer.client, Bytes(packet_).first(size), peer.link);
    return true;
  }
  const std::size_t whole = TftpData::kHeaderSize + attempt.terms.block_size;
  if (packet_.size() < whole) packet_.resize(whole);
  const MutableBytes packet = MutableBytes(packet_).first(whole);
  window.rewind();
  while (window.has_room()) {
    TftpPlace place = window.place();
    const auto got = read_tftp_file(files_, attempt.file, attempt.terms.mode, place,
                                    packet.subspan(TftpData::kHeaderSize));
    if (got.failed()) {
      send_error(now, peer, TftpErrorCode::kOther, "the file can't be read");
      return false;
    }
    TftpData::emit_header(window.block(), packet);
    window.on_sent(place, got.bytes < attempt.terms.block_size);
    ++counters_.blocks;
    context_.output.send(now, peer.server, peer.client,
                         packet.first(TftpData::kHeaderSize + got.bytes), peer.link);
  }
  return true;
}

void TftpServer::proceed(Time now, Transfer& transfer, Attempt& attempt) {
  if (!send(now, transfer.peer, attempt)) {
    end(transfer, counters_.failed);
    return;
  }
  ++transfer.tries;
  context_.timers.set(transfer.timer, now + attempt.terms.timeout(transfer.tries));
}

void TftpServer::send_error(Time now, const Peer& peer, TftpErrorCode code, std::string_view text) {
  const std::size_t size = emit_tftp(TftpError{code, text}, packet_);
  context_.output.send(now, peer.server, peer.client, Bytes(packet_).first(size), peer.link);
  remember(peer);
}

void TftpServer::remember(const Peer& peer) {
  informed_.at(informed_count_++ % informed_.size()) = peer;
}

}  // namespace sluice
