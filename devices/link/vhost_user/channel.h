// Messages of vhost-user as a stream socket brings them, with the descriptors beside them.

#ifndef SLUICE_DEVICES_LINK_VHOST_USER_CHANNEL_H_
#define SLUICE_DEVICES_LINK_VHOST_USER_CHANNEL_H_

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "devices/link/vhost_user/message.h"
#include "posix/descriptor.h"

namespace sluice::vhost_user {

struct Message {
  Header header;
  Bytes payload;  // valid until the next call of receive()
  std::vector<Descriptor> descriptors;
};

class Channel {
 public:
  // The next message, once it is whole. Otherwise there is none yet, or broken() says why there
  // won't be one. Never waits.
  std::optional<Message> receive(int socket);
  const std::string& broken() const { return broken_; }
  // Sends an answer to a message, with a descriptor beside it if there is one; one that does not
  // leave at once breaks the channel.
  void reply(int socket, Request request, Bytes payload, const Descriptor& beside = {});
  // Another socket.
  void reset();

 private:
  // Reads until so many bytes of a message are there.
  bool read_up_to(int socket, std::size_t size);

  std::array<std::uint8_t, Header::kSize + kMaxPayload> bytes_{};
  std::size_t size_ = 0;
  std::vector<Descriptor> descriptors_;
  std::string broken_;
};

}  // namespace sluice::vhost_user

#endif  // SLUICE_DEVICES_LINK_VHOST_USER_CHANNEL_H_
