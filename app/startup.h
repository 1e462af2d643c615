// What a program of ours does first, whoever started it.

#ifndef SLUICE_APP_STARTUP_H_
#define SLUICE_APP_STARTUP_H_

#include <string>
#include <vector>

namespace sluice {

// Makes up for what a caller may have left out or taken away: standard files, and the news of
// children's ends.
void prepare_process();

// The words of the command line behind the program's own name.
std::vector<std::string> arguments_of(int argc, char** argv);

// Writes to standard output. Throws std::system_error if it can't.
void print(const std::string& text);

}  // namespace sluice

#endif  // SLUICE_APP_STARTUP_H_
