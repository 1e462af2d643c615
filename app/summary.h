// Counters in words.

#ifndef SLUICE_APP_SUMMARY_H_
#define SLUICE_APP_SUMMARY_H_

#include <string>

#include "stack/counters.h"

namespace sluice {

// Lines of a name and a number: frames and bytes both ways, flows by kind, drops by reason as far
// as there were any.
std::string summary_of(const Counters& counters);

}  // namespace sluice

#endif  // SLUICE_APP_SUMMARY_H_
