#include "posix/small_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "posix/descriptor.h"

namespace sluice {

std::string read_small_file(const std::string& path, std::size_t limit) {
  // O_NONBLOCK for what is no file but a fifo: it has nothing to say and is not waited for.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  std::string text(limit, '\0');
  std::size_t filled = 0;
  while (file && filled < text.size()) {
    const ssize_t result = ::read(file.get(), &text[filled], text.size() - filled);
    if (result <= 0) break;
    filled += static_cast<std::size_t>(result);
  }
  // A line that the limit cuts in two would say something else.
  if (filled == limit) filled = text.rfind('\n') + 1;
  text.resize(filled);
  return text;
}

}  // namespace sluice
