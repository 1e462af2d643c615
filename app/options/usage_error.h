// What is thrown for a wrong command line: the program says it on stderr and exits with 2.

#ifndef SLUICE_APP_OPTIONS_USAGE_ERROR_H_
#define SLUICE_APP_OPTIONS_USAGE_ERROR_H_

#include <stdexcept>

namespace sluice {

// what() names the option, what was expected there and, where one is near, the right spelling.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace sluice

#endif  // SLUICE_APP_OPTIONS_USAGE_ERROR_H_
