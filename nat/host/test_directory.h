// A directory for one test, removed with all that is in it.

#ifndef SLUICE_NAT_HOST_TEST_DIRECTORY_H_
#define SLUICE_NAT_HOST_TEST_DIRECTORY_H_

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace sluice::testing {

class TestDirectory {
 public:
  // Under /tmp, because Bazel's directories have names too long for unix sockets.
  TestDirectory() : path_("/tmp/sluice_test.XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  TestDirectory(const TestDirectory&) = delete;
  TestDirectory& operator=(const TestDirectory&) = delete;
  ~TestDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::string& path() const { return path_; }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  // Writes a file, replacing what it contained.
  void write(const std::string& name, std::string_view content) const {
    std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
  }

 private:
  std::string path_;
};

}  // namespace sluice::testing

#endif  // SLUICE_NAT_HOST_TEST_DIRECTORY_H_
