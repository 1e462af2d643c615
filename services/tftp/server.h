// The TFTP server of the virtual network: boot loaders fetch their files from it (RFC 1350, 2347,
// 2348, 2349, 7440). It only reads; what lies outside of the directory it hands out is not its
// concern but that of its Files.
//
// It answers from the port it is asked at, and knows a transfer by its client's endpoint. A
// transfer identifier of its own, as RFC 1350 has it, would tell two transfers of one client port
// apart; but the boot ROMs of emulators were made for servers that stay at their port, and others
// take either.
//
// So a request from a port that has a transfer already must be understood: as a new one that
// replaces it, as a copy that is answered again, or, if the same request comes in the middle of its
// own transfer, as either of both: a guest that was reset and asks again from the same port, or a
// copy that was long on its way. Then the file is opened a second time and the first answer given
// again, and the next acknowledgment tells which attempt the client follows.
//
// A transfer holds a descriptor and the places where its blocks begin, no data: what is to be sent
// again is read again.

#ifndef SLUICE_SERVICES_TFTP_SERVER_H_
#define SLUICE_SERVICES_TFTP_SERVER_H_

#include <array>
#include <memory>
#include <vector>

#include "nat/files.h"
#include "nat/service.h"
#include "services/tftp/message.h"
#include "services/tftp/terms.h"

namespace sluice {

struct TftpCounters {
  std::uint64_t datagrams = 0;  // whatever became of them
  std::uint64_t dropped = 0;    // no TFTP, or from or to nobody
  std::uint64_t rejected = 0;   // answered with an error: not what a server is asked
  std::uint64_t stale = 0;      // acknowledgments that change nothing
  std::uint64_t unknown = 0;    // acknowledgments of no transfer, answered with an error
  std::uint64_t requests = 0;   // to read, without those repeated
  std::uint64_t repeated = 0;   // copies of requests, answered again
  // Of the requests, what became of them.
  std::uint64_t refused = 0;    // with an error, at once
  std::uint64_t completed = 0;  // the whole file arrived
  std::uint64_t replaced = 0;   // the client asked for something else, or anew
  std::uint64_t aborted = 0;    // by an error from the client
  std::uint64_t failed = 0;     // the file could not be read on
  std::uint64_t gave_way = 0;   // a newer request took its place
  std::uint64_t expired = 0;    // the client fell silent
  // On the way there.
  std::uint64_t blocks = 0;    // of data sent, copies included
  std::uint64_t timeouts = 0;  // each one sends a window again
};

class TftpServer final : public DatagramService {
 public:
  // `files` and what `context` refers to outlive it. Limits of `config` that make no sense are
  // taken as the nearest that do.
  TftpServer(const TftpConfig& config, const ServiceContext& context, Files& files);
  ~TftpServer();
  TftpServer(const TftpServer&) = delete;
  TftpServer& operator=(const TftpServer&) = delete;

  void on_datagram(Time now, const ServiceDatagram& datagram) override;

  // Transfers that are not at their end.
  std::size_t transfers() const;
  const TftpCounters& counters() const { return counters_; }

  static constexpr std::size_t kMaxName = 512;  // bytes of a file's name

 private:
  // Who talks to whom.
  struct Peer {
    Endpoint client;
    Endpoint server;
    MacAddress link;

    bool is_of(const ServiceDatagram& datagram) const {
      return client == datagram.from && server == datagram.to;
    }
  };
  struct Attempt;
  struct Transfer;

  void on_request(Time now, const ServiceDatagram& datagram, const TftpRequest& request);
  void on_acknowledgment(Time now, const ServiceDatagram& datagram, std::uint16_t block);
  void on_error(const ServiceDatagram& datagram);
  void on_timeout(Time now, Transfer& transfer);

  Transfer* find(const ServiceDatagram& datagram);
  Transfer& take_place(Time now);
  void settle(Transfer& transfer, std::uint16_t block);
  void drop_other(Transfer& transfer);
  void end(Transfer& transfer, std::uint64_t& counter);

  // Opens what is asked for; if that fails, tells the client.
  std::unique_ptr<Attempt> open(Time now, const Peer& peer, const TftpRequest& request);
  // Sends what an attempt is to send next. False if the file can't be read.
  bool send(Time now, const Peer& peer, Attempt& attempt);
  // The same, and waits for the answer or ends the transfer.
  void proceed(Time now, Transfer& transfer, Attempt& attempt);
  void send_error(Time now, const Peer& peer, TftpErrorCode code, std::string_view text);
  void remember(const Peer& peer);

  const TftpConfig config_;
  ServiceContext context_;
  Files& files_;
  TftpCounters counters_;
  std::uint64_t activity_ = 0;  // counts up: tells which transfer was active last
  std::vector<std::unique_ptr<Transfer>> transfers_;  // places, made when first needed
  std::vector<std::uint8_t> packet_;                  // the one being sent
  // Peers that know of their last transfer's end, in a ring. Some acknowledge even that, and would
  // take an answer for one to their next request.
  std::array<Peer, 64> informed_;
  std::size_t informed_count_ = 0;  // ever
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_TFTP_SERVER_H_
