// Files in memory that do what a test or a fuzz input says.

#ifndef SLUICE_SERVICES_TFTP_SCRIPTED_FILES_H_
#define SLUICE_SERVICES_TFTP_SCRIPTED_FILES_H_

#include <map>
#include <string>
#include <vector>

#include "nat/files.h"

namespace sluice {

class ScriptedFiles final : public Files {
 public:
  // A path is found as it is written, but for one leading '/'.
  OpenedFile open(std::string_view path) override;
  Transfer read(FileId id, std::uint64_t offset, MutableBytes into) override;
  // The file must be open.
  void close(FileId id) override;

  // How many are open.
  std::size_t opened() const { return open_.size(); }

  std::map<std::string, std::vector<std::uint8_t>> contents;  // by path
  std::map<std::string, std::errc> errors;                    // paths that can't be opened, and why
  std::errc read_error{};                                     // of the next reads
  std::string last_path;                                      // as it was given to open()

 private:
  std::int32_t last_ = 0;
  // What was opened keeps its content, as a file does that another one has replaced.
  std::map<FileId, std::vector<std::uint8_t>> open_;
};

}  // namespace sluice

#endif  // SLUICE_SERVICES_TFTP_SCRIPTED_FILES_H_
