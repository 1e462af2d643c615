// Any bytes as a TCP segment and, on their own, as options.

#include <vector>

#include <gsl/assert>

#include "stack/wire/tcp.h"

namespace sluice {
namespace {

void check(const TcpOptions& options) {
  Ensures(options.sack_count <= TcpOptions::kMaxSackBlocks);
  Ensures(options.window_scale.value_or(0) <= 14);
  // A sender may pack options tighter than emit() aligns them.
  if (options.size() > TcpOptions::kMaxSize) return;
  std::vector<std::uint8_t> again(options.size());
  options.emit(again);
  Ensures(TcpOptions::parse(again) == options);
}

void run(Bytes input) {
  check(TcpOptions::parse(input));
  const auto view = TcpView::parse(input);
  if (!view) return;
  Ensures(view->header_size() + view->payload().size() == input.size());
  const TcpHeader header = view->header();
  const TcpOptions options = view->options();
  check(options);
  if (options.size() > TcpOptions::kMaxSize) return;
  std::vector<std::uint8_t> again(TcpHeader::kSize + options.size());
  header.emit(options, again);
  const auto reread = TcpView::parse(again);
  Ensures(reread && reread->header() == header && reread->options() == options);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  sluice::run({data, size});
  return 0;
}
