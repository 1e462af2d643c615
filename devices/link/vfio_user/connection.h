// The socket of a vfio-user client: its messages come in, answers go out, and in between the client
// is asked for bytes of memory that it does not share.
//
// Asking waits for the answer, for the card is in the midst of what it does. What the client asks
// for meanwhile stays where it is. A client that answers nothing while it waits for us itself is
// never unlocked by waiting longer, so it is given up then.
//
// All others whom this process serves wait as well. So patience is for all questions of a turn
// together: a tenth of it is there each time, for one who is asked for everything may answer
// quickly and be waited for most of the time; the rest comes back in ten times as long. Who needs
// it again and again is given up, too.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_CONNECTION_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_CONNECTION_H_

#include <chrono>
#include <string>
#include <vector>

#include "devices/link/vfio_user/inbox.h"
#include "devices/link/vfio_user/memory.h"

namespace sluice::vfio_user {

class Connection final : public DmaChannel {
 public:
  // How long answers are waited for in one turn.
  explicit Connection(std::chrono::milliseconds patience = std::chrono::milliseconds(1000))
      : patience_(patience), reserve_(patience) {
    begin_turn();
  }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Over a connected, nonblocking stream socket that outlives the connection.
  void begin(int socket);
  // There is no client.
  void end();
  bool is_open() const { return socket_ >= 0; }

  // Others have had their turn.
  void begin_turn();
  // So much has been waited in this turn that others should have theirs.
  bool is_slow() const { return at_hand_ <= SteadyClock::duration::zero(); }

  // The next request that is whole. Reads once if there is none. Its payload stays until the next
  // call, whatever the client is asked meanwhile.
  std::optional<Message> next();
  // There is more to be taken, which the socket will not announce.
  bool more() const {
    return is_open() && broken().empty() && !congested() && (!drained_ || inbox_.has_message());
  }
  // Whether the client has sent something that has not been taken.
  bool has_input() const;
  // The client takes its answers too slowly to be given more now. That it takes some is announced.
  bool congested() const { return output_.size() - written_ > kMaxMessage; }
  void answer(const Header& request, int error, Bytes payload);
  // Writes what waits, as far as the socket takes it.
  void flush();
  // Why the connection is of no use any more; empty while it is.
  const std::string& broken() const { return broken_.empty() ? inbox_.broken() : broken_; }

  // How much one question is about; at most kMaxData.
  void set_max_data(std::size_t bytes) { max_data_ = bytes; }
  bool dma_read(std::uint64_t address, MutableBytes into) override;
  bool dma_write(std::uint64_t address, Bytes bytes) override;

 private:
  using SteadyClock = std::chrono::steady_clock;

  void read();
  void put(const Header& header, Bytes first, Bytes second);
  // Sends a request and waits for its answer; nullopt if it failed.
  std::optional<Inbox::Reply> ask(Command command, const DmaAccess& access, Bytes data);
  bool await(short events);

  const std::chrono::milliseconds patience_;
  SteadyClock::duration at_hand_{};  // what is left of this turn's own
  SteadyClock::duration reserve_;    // of what comes back slowly, also to the next client
  SteadyClock::time_point turn_{};   // when this turn began
  int socket_ = -1;
  Inbox inbox_;
  std::vector<std::uint8_t> payload_;  // of the request that has been given out
  std::vector<std::uint8_t> output_;
  std::size_t written_ = 0;
  bool drained_ = true;
  std::uint16_t last_id_ = 0;
  std::size_t max_data_ = kMaxData;
  std::string broken_;
};

}  // namespace sluice::vfio_user

#endif  // SLUICE_DEVICES_LINK_VFIO_USER_CONNECTION_H_
