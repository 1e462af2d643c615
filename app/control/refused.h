// What is thrown when a running network does not do what it is asked for.

#ifndef SLUICE_APP_CONTROL_REFUSED_H_
#define SLUICE_APP_CONTROL_REFUSED_H_

#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice {

// what() says why, and what to do.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// As what is quoted in it stands there.
inline std::string in_quotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_REFUSED_H_
