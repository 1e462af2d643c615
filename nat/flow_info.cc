#include "nat/flow_info.h"

namespace sluice {

std::string_view state_name(tcp::State state) {
  switch (state) {
    case tcp::State::kSynSent:
      return "SYN_SENT";
    case tcp::State::kSynReceived:
      return "SYN_RCVD";
    case tcp::State::kEstablished:
      return "ESTABLISHED";
    case tcp::State::kFinWait1:
      return "FIN_WAIT_1";
    case tcp::State::kFinWait2:
      return "FIN_WAIT_2";
    case tcp::State::kClosing:
      return "CLOSING";
    case tcp::State::kTimeWait:
      return "TIME_WAIT";
    case tcp::State::kCloseWait:
      return "CLOSE_WAIT";
    case tcp::State::kLastAck:
      return "LAST_ACK";
    case tcp::State::kClosed:
      return "CLOSED";
  }
  return "";
}

}  // namespace sluice
