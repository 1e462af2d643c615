#include "app/tap_helper.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>

namespace sluice {
namespace {

std::string failure(const std::string& helper, Duration patience) {
  try {
    tap_of_helper(helper, "br0", patience);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(TapHelper, OneThatHandsOverNothingIsTold) {
  EXPECT_EQ(failure("true", AidingCommand::kPatience), "'true' has ended without a tap");
}

TEST(TapHelper, OneThatNeitherHandsOverNorEndsIsKilled) {
  EXPECT_EQ(failure("sh -c 'exec sleep 1000'", std::chrono::milliseconds(10)),
            "'sh' has not ended within 1 s, and was killed");
}

}  // namespace
}  // namespace sluice
