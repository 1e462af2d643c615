#include "services/tftp/scripted_files.h"

#include <algorithm>

#include <gsl/assert>

namespace sluice {

OpenedFile ScriptedFiles::open(std::string_view path) {
  last_path = path;
  if (!path.empty() && path.front() == '/') path.remove_prefix(1);
  const std::string name(path);
  const auto error = errors.find(name);
  if (error != errors.end()) return {.error = error->second};
  const auto content = contents.find(name);
  if (content == contents.end()) return {.error = std::errc::no_such_file_or_directory};
  const auto id = static_cast<FileId>(++last_);
  open_[id] = content->second;
  return {.id = id, .size = content->second.size()};
}

Transfer ScriptedFiles::read(FileId id, std::uint64_t offset, MutableBytes into) {
  const Bytes content = open_.at(id);
  if (read_error != std::errc{}) return {.error = read_error};
  if (offset >= content.size()) return {};
  const Bytes part = content.subspan(offset);
  const Bytes taken = part.first(std::min(part.size(), into.size()));
  copy_bytes(taken, into);
  return {.bytes = taken.size()};
}

void ScriptedFiles::close(FileId id) {
  Expects(open_.erase(id) == 1);
}

}  // namespace sluice
