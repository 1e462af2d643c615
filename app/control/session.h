// One client's conversation with a control, from bytes to bytes.
//
// It is QEMU's: a greeting, then qmp_capabilities, then any number of requests, each answered
// before the next is looked at. But clients of slirp4netns, which say what they want at once and
// wait for one answer and the end, find their own words here, too. They would take a greeting for
// the answer; so there is none before the first request has been seen, or the client has been
// silent for long enough to be waiting for it.

#ifndef SLUICE_APP_CONTROL_SESSION_H_
#define SLUICE_APP_CONTROL_SESSION_H_

#include <functional>
#include <string>
#include <string_view>

#include "app/control/controlled.h"
#include "app/control/json_frames.h"
#include "app/control/request.h"
#include "app/slirp4netns/api_request.h"

namespace sluice {

// Answers what a client of slirp4netns asks for.
using ApiAnswer = std::function<std::string(const ApiRequest&)>;

class Session {
 public:
  // Both outlive it.
  Session(Controlled& network, const ApiAnswer& answer_api)
      : network_(network), answer_api_(answer_api) {}

  void receive(std::string_view bytes) { frames_.append(bytes); }
  // Answers the next request that is whole. False if there is none.
  bool step();

  // Nobody has said anything, so the greeting is what is waited for.
  void greet();
  bool greeted() const { return greeted_; }

  // What is to be said, to be taken from the front.
  std::string& output() { return output_; }
  // Nothing follows behind that.
  bool ended() const { return ended_; }

 private:
  // True for a request in the words of slirp4netns, which is answered and the end.
  bool is_api_request(const std::string& text, const Request& request);
  void answer(const Request& request);
  void complain(const Complaint& complaint) { output_ += emit_complaint(complaint); }

  Controlled& network_;
  const ApiAnswer& answer_api_;
  JsonFrames frames_;
  std::string output_;
  bool greeted_ = false;
  bool negotiated_ = false;  // qmp_capabilities has been said
  bool ended_ = false;
};

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_SESSION_H_
