// The ports between the Nat and the services inside the virtual network.
//
// A service answers datagrams, or bytes of a stream, at an address of the virtual network. It sees
// no frame and no socket: what it needs comes as arguments, what it says leaves through the ports
// here. The Nat knows services only by these interfaces and services know nothing of the Nat.

#ifndef SLUICE_NAT_SERVICE_H_
#define SLUICE_NAT_SERVICE_H_

#include <optional>

#include "nat/host.h"
#include "stack/address.h"
#include "stack/bytes.h"
#include "stack/random.h"
#include "stack/time.h"
#include "stack/timer_wheel.h"

namespace sluice {

// A UDP datagram from a guest to a service.
struct ServiceDatagram {
  MacAddress link_from;  // the sender's link address
  Endpoint from;
  Endpoint to;
  Bytes payload;  // valid until the call it is passed to returns
};

// Where services' datagrams to guests leave.
class DatagramOutput {
 public:
  // Sends one datagram. `payload` is copied or sent before this returns. With `link_to`, the
  // frame goes there unasked; without, the address is resolved.
  virtual void send(Time now, const Endpoint& from, const Endpoint& to, Bytes payload,
                    std::optional<MacAddress> link_to) = 0;
  // The link address by which the guest at `address` is known, if it is.
  virtual std::optional<MacAddress> link_address_of(const IpAddress& address) const = 0;

 protected:
  ~DatagramOutput() = default;
};

class DatagramService {
 public:
  virtual void on_datagram(Time now, const ServiceDatagram& datagram) = 0;

 protected:
  ~DatagramService() = default;
};

// A service with host sockets of its own, opened under tokens of Kind::kService that carry the
// number it was given.
class HostClient {
 public:
  virtual void on_host(Time now, const HostEvent& event) = 0;

 protected:
  ~HostClient() = default;
};

// A service that is reached by TCP is a Streams of its own: the flow sends to it and receives from
// it just as it does with the host's sockets.
class StreamService : public Streams {
 public:
  // A guest, `from`, opens a stream. Readiness of the stream is announced under `token`. A
  // service that takes no more streams returns SocketId::kNone and the guest is refused.
  virtual SocketId open(Time now, Token token, const Endpoint& from) = 0;

 protected:
  ~StreamService() = default;
};

// Where a StreamService announces that a stream has become readable or writable. The events are
// taken up before the current batch ends; nothing is called back from within announce().
class StreamEvents {
 public:
  virtual void announce(const HostEvent& event) = 0;

 protected:
  ~StreamEvents() = default;
};

// What a service may use of the world around it. All of it outlives the service.
struct ServiceContext {
  DatagramOutput& output;
  StreamEvents& events;
  Host& host;
  TimerWheel& timers;
  Seed seed;                 // this service's own
  std::uint8_t service = 0;  // for its tokens
};

}  // namespace sluice

#endif  // SLUICE_NAT_SERVICE_H_
