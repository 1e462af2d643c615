#include "app/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/dup_filter_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <chrono>
#include <memory>

namespace sluice::log {
namespace {

constexpr std::chrono::seconds kRepeatAfter{5};

spdlog::logger& logger() {
  static spdlog::logger instance = [] {
    auto filter = std::make_shared<spdlog::sinks::dup_filter_sink_st>(kRepeatAfter);
    filter->add_sink(std::make_shared<spdlog::sinks::stderr_sink_st>());
    spdlog::logger made("sluice", std::move(filter));
    made.set_level(spdlog::level::warn);
    made.set_pattern("sluice: %v");
    return made;
  }();
  return instance;
}

}  // namespace

void set_level(LogLevel level) {
  switch (level) {
    case LogLevel::kInfo:
      logger().set_level(spdlog::level::info);
      break;
    case LogLevel::kWarning:
      logger().set_level(spdlog::level::warn);
      break;
    case LogLevel::kError:
      logger().set_level(spdlog::level::err);
      break;
    case LogLevel::kOff:
      logger().set_level(spdlog::level::off);
      break;
  }
}

void info(std::string_view line) {
  logger().info("{}", line);
}
void warning(std::string_view line) {
  logger().warn("{}", line);
}
void error(std::string_view line) {
  logger().error("{}", line);
}

}  // namespace sluice::log
