// What is thrown when a running network does not do what it is asked for.

#ifndef SLUICE_APP_CONTROL_REFUSED_H_
#define SLUICE_APP_CONTROL_REFUSED_H_

#include <stdexcept>

namespace sluice {

// what() says why, and what to do.
class Refused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_REFUSED_H_
