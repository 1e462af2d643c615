// Where one JSON object ends and the next begins, in bytes that come piece by piece.
//
// Only brackets and strings are looked at, so what is cut out may still be no JSON. But it is not
// too long, and not so deep that who reads it or writes it by recursion would run out of stack. The
// first byte that can't begin an object is the end of everything: nobody knows where to go on.

#ifndef SLUICE_APP_CONTROL_JSON_FRAMES_H_
#define SLUICE_APP_CONTROL_JSON_FRAMES_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

class JsonFrames {
 public:
  static constexpr std::size_t kMaxLength = std::size_t{64} << 10;
  static constexpr unsigned kMaxDepth = 32;

  void append(std::string_view bytes);
  // The next object that is whole; nullopt if there is none yet, or never will be again.
  std::optional<std::string> next();
  // Why there never will be; empty otherwise.
  const std::string& problem() const { return problem_; }

 private:
  // The place behind the object that the bytes begin with.
  std::optional<std::size_t> end_of_object();
  void fail(std::string problem);

  std::string bytes_;        // from the beginning of an object
  std::size_t scanned_ = 0;  // how many of them have been looked at
  unsigned depth_ = 0;       // there
  bool in_string_ = false;
  bool escaped_ = false;  // the next letter of the string means nothing
  std::string problem_;
};

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_JSON_FRAMES_H_
