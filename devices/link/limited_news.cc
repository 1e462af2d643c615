#include "devices/link/limited_news.h"

#include <memory>
#include <string>
#include <utility>

#include "stack/rate_limit.h"

namespace sluice {
namespace {

struct Limit {
  RateLimit rate{.per_second = 1, .burst = 20};
  std::uint64_t untold = 0;
};

}  // namespace

StreamPeer::Tell limited(StreamPeer::Tell tell, std::function<Time()> clock) {
  // Of one link, which tells by several copies of the function.
  const auto limit = std::make_shared<Limit>();
  return [limit, tell = std::move(tell), clock = std::move(clock)](StreamPeer::News news,
                                                                   const std::string& what) {
    if (!limit->rate.take(clock()) && news != StreamPeer::News::kNotReached) {
      ++limit->untold;
      return;
    }
    const std::uint64_t untold = std::exchange(limit->untold, 0);
    tell(news, untold == 0 ? what : what + " (" + std::to_string(untold) + " more were not told)");
  };
}

}  // namespace sluice
