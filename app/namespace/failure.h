// Set-up that failed: what was tried, why it went wrong, what to do.

#ifndef SLUICE_APP_NAMESPACE_FAILURE_H_
#define SLUICE_APP_NAMESPACE_FAILURE_H_

#include <string>

namespace sluice {

// Throws std::system_error for `error`, a value of errno. `what` says what was tried and, in
// parentheses, how to get what is missing.
[[noreturn]] void fail(int error, const std::string& what);

// Why the kernel refused a user namespace with `error`, and what allows it: looks at the system's
// settings. Empty when nothing is known, else text in parentheses with a leading blank.
std::string explain_refused_user_namespace(int error);

}  // namespace sluice

#endif  // SLUICE_APP_NAMESPACE_FAILURE_H_
