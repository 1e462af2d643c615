// What an instance saves, and the stream that it is saved in.
//
// A header (a magic number, the format's version, the length of what follows, its checksum) comes
// first, so that nothing is taken from a stream that is another's, cut short or damaged. Behind it
// there are counted records, numbers in network order. Whatever a reader meets, it reads no more
// than the header says and keeps no more than kMaxStateBody.

#ifndef SLUICE_APP_LIBSLIRP_STATE_H_
#define SLUICE_APP_LIBSLIRP_STATE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "nat/stream_state.h"
#include "services/dhcp/lease_table.h"
#include "stack/bytes.h"
#include "stack/neighbors.h"

namespace sluice {

struct SavedState {
  struct Stream {
    StreamState state;
    std::vector<std::uint8_t> unsaid;  // that the program has said, behind state.to_guest
  };

  std::vector<DhcpLeaseTable::Record> leases;
  std::vector<Neighbors::Entry> neighbors;
  std::vector<Stream> streams;
  std::vector<FlowPosition> positions;  // of all other connections
};

// What would make it longer than a reader takes is left out.
std::vector<std::uint8_t> emit_state(const SavedState& state);

// The header for a body, and the body.
std::vector<std::uint8_t> seal_state(Bytes body);

// Fills `into` with the next bytes of a stream. False if there are not so many.
using ReadExactly = std::function<bool(MutableBytes into)>;
// nullopt for whatever emit_state() would not have written. What comes out is sound.
std::optional<SavedState> parse_state(const ReadExactly& read);

constexpr std::size_t kMaxStateBody = std::size_t{64} << 20;

}  // namespace sluice

#endif  // SLUICE_APP_LIBSLIRP_STATE_H_
