// Answers of a control as people read them: tables, lists and lines.

#ifndef SLUICE_APP_CONTROL_TABLES_H_
#define SLUICE_APP_CONTROL_TABLES_H_

#include <string>
#include <string_view>

#include "app/control/request.h"

namespace sluice {

// What `command` has returned, in whole lines; empty if there is nothing to say. What is not as it
// should be is left out.
std::string table_of(std::string_view command, const OrderedJson& value);

}  // namespace sluice

#endif  // SLUICE_APP_CONTROL_TABLES_H_
