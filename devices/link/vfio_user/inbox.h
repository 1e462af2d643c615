// What a vfio-user client has sent, as a queue of messages.
//
// Bytes come as the socket has them; a message is given out when it is whole, where it lies.
// Replies to what we ask of the client come between its own requests: they are taken out of the
// midst, and the requests stay in their order.
//
// Descriptors come beside bytes, and a read ends behind the bytes that had some (unix(7)). So they
// belong to the message that began last when they came.

#ifndef SLUICE_DEVICES_LINK_VFIO_USER_INBOX_H_
#define SLUICE_DEVICES_LINK_VFIO_USER_INBOX_H_

#include <memory>
#include <string>
#include <vector>

#include "devices/link/vfio_user/message.h"
#include "posix/descriptor.h"

namespace sluice::vfio_user {

struct Message {
  Header header;
  Bytes payload;
  std::vector<Descriptor> descriptors;
};

class Inbox {
 public:
  Inbox();

  // Where to read bytes into; empty while too much waits here. What next() gave is gone.
  MutableBytes room();
  // The first `size` bytes of the room have been read, and these descriptors with them.
  void commit(std::size_t size, std::vector<Descriptor> descriptors);
  // The next message that is whole. Its payload is valid until room() or take_reply().
  std::optional<Message> next();
  bool has_message() const { return begin_ < whole_; }
  // Takes the first reply with this number out, if it has come.
  struct Reply {
    Header header;
    std::vector<std::uint8_t> payload;
  };
  std::optional<Reply> take_reply(std::uint16_t id);
  // Why nothing more can be understood; empty while all is well.
  const std::string& broken() const { return broken_; }
  // Forgets everything: another stream begins.
  void reset();

 private:
  // Requests that come while a reply is waited for have room, too.
  static constexpr std::size_t kSize = 4 * kMaxMessage;
  static constexpr std::size_t kMaxPending = 64;  // descriptors

  struct Attached {
    std::size_t message;  // where it begins
    Descriptor descriptor;
  };

  Header header_at(std::size_t offset) const;
  // Looks at what has come behind whole_; returns where the message begins that began last.
  std::size_t scan();
  std::vector<Descriptor> take_descriptors(std::size_t message);

  // Not initialised: a page is the kernel's until a message reaches into it.
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t begin_ = 0;  // of the first message that has not been given out
  std::size_t whole_ = 0;  // messages are whole before it
  std::size_t end_ = 0;
  std::vector<Attached> attached_;
  std::string broken_;
};

}  // namespace sluice::vfio_user

#endif  // SLUICE_DEVICES_LINK_VFIO_USER_INBOX_H_
