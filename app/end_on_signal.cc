#include "app/end_on_signal.h"

#include <optional>

namespace sluice {

EndOnSignal::EndOnSignal(const Signals& signals, Loop& loop)
    : watch_(loop.watch(signals.descriptor(), [this, &signals, &loop] {
        while (const std::optional<Signal> signal = signals.next()) {
          if (!signal->asks_for_end()) continue;
          asked_ = true;
          loop.stop();
        }
      })) {}

}  // namespace sluice
