// Where flows live: a slab found by key, by index, or in the order of some list.
//
// Entries lie in chunks that never move, so they may hold timers. An index together with a
// generation names an entry to the outside (in a Token): when the place is taken again, old names
// mean nothing. Look-up hashes the key with a secret seed, since guests choose keys; buckets double
// as the table fills. Lists run through the entries by index: they cost eight bytes and no
// allocation.

#ifndef SLUICE_NAT_FLOW_TABLE_H_
#define SLUICE_NAT_FLOW_TABLE_H_

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include <gsl/assert>

#include "stack/address.h"
#include "stack/random.h"

namespace sluice {

// The two ends of a flow as the guest sees them.
struct FlowKey {
  Endpoint guest;
  Endpoint remote;

  std::uint64_t hash(const Seed& seed) const;
  friend bool operator==(const FlowKey&, const FlowKey&) = default;
};

constexpr std::uint32_t kNoIndex = 0xffffffff;

// Names an entry that may be gone.
struct FlowName {
  std::uint32_t index;
  std::uint16_t generation;
};

// What a table and its lists need to know of an entry; entries derive from it.
class FlowEntry {
 public:
  const FlowKey& key() const { return key_; }
  std::uint32_t index() const { return index_; }
  std::uint16_t generation() const { return generation_; }
  FlowName name() const { return {index_, generation_}; }

 private:
  template <typename Entry>
  friend class FlowTable;

  FlowKey key_;
  std::uint16_t generation_ = 0;
  bool hidden_ = false;
  std::uint32_t index_ = kNoIndex;
  std::uint32_t bucket_next_ = kNoIndex;
};

template <typename Entry>
class FlowTable {
 public:
  // At most `limit` entries.
  FlowTable(const Seed& seed, std::uint32_t limit) : seed_(seed), limit_(limit) {}

  std::uint32_t size() const { return size_; }
  bool full() const { return size_ >= limit_; }

  Entry* find(const FlowKey& key) {
    if (buckets_.empty()) return nullptr;
    for (std::uint32_t i = buckets_[bucket_of(key)]; i != kNoIndex; i = (*this)[i].bucket_next_) {
      if ((*this)[i].key_ == key) return &(*this)[i];
    }
    return nullptr;
  }

  // Makes an entry of `arguments`. The key must be new and the table not full.
  template <typename... Arguments>
  Entry& insert(const FlowKey& key, Arguments&&... arguments) {
    Expects(!full());
    if (size_ >= buckets_.size()) grow_buckets();
    const std::uint32_t index = next_name().index;
    if (index == places_.size()) add_chunk();
    first_free_ = places_[index].next_free;
    Entry& entry = place(index).emplace(std::forward<Arguments>(arguments)...);
    entry.key_ = key;
    entry.index_ = index;
    entry.generation_ = places_[index].generation;
    link(entry);
    ++size_;
    return entry;
  }
  // The name that the next insert() will give.
  FlowName next_name() const {
    if (first_free_ == kNoIndex) return {static_cast<std::uint32_t>(places_.size()), 0};
    return {first_free_, places_[first_free_].generation};
  }

  // From now on no key finds the entry, and its own is free for another; its name still finds it.
  void hide(Entry& entry) {
    if (entry.hidden_) return;
    unlink(entry);
    entry.hidden_ = true;
  }

  void erase(Entry& entry) {
    const std::uint32_t index = entry.index_;
    if (!entry.hidden_) unlink(entry);
    place(index).reset();
    ++places_[index].generation;
    places_[index].next_free = first_free_;
    first_free_ = index;
    --size_;
  }

  // The entry of that name, if it is still there.
  Entry* find(const FlowName& name) {
    if (name.index >= places_.size() || places_[name.index].generation != name.generation) {
      return nullptr;
    }
    auto& entry = place(name.index);
    return entry ? &*entry : nullptr;
  }
  // Calls visit(entry) for every entry, in no order that means anything. It must not insert.
  template <typename Visit>
  void for_each(Visit visit) {
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
      if (place(i)) visit(*place(i));
    }
  }
  template <typename Visit>
  void for_each(Visit visit) const {
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
      if (const auto& entry = place(i)) visit(*entry);
    }
  }
  // The entry at `index`, which must be in use.
  Entry& operator[](std::uint32_t index) { return *place(index); }

 private:
  static constexpr std::uint32_t kChunk = 32;
  using Chunk = std::array<std::optional<Entry>, kChunk>;
  struct Place {
    std::uint32_t next_free = kNoIndex;
    std::uint16_t generation = 0;
  };

  const std::optional<Entry>& place(std::uint32_t index) const {
    return (*chunks_[index / kChunk])[index % kChunk];
  }
  std::optional<Entry>& place(std::uint32_t index) {
    return (*chunks_[index / kChunk])[index % kChunk];
  }
  std::size_t bucket_of(const FlowKey& key) const {
    return key.hash(seed_) & (buckets_.size() - 1);
  }

  void link(Entry& entry) {
    std::uint32_t& bucket = buckets_[bucket_of(entry.key_)];
    entry.bucket_next_ = bucket;
    bucket = entry.index_;
  }

  void unlink(Entry& entry) {
    std::uint32_t* at = &buckets_[bucket_of(entry.key_)];
    while (*at != entry.index_) at = &(*this)[*at].bucket_next_;
    *at = entry.bucket_next_;
  }

  void add_chunk() {
    chunks_.push_back(std::make_unique<Chunk>());
    const auto first = static_cast<std::uint32_t>(places_.size());
    places_.resize(first + kChunk);
    for (std::uint32_t i = first; i + 1 < first + kChunk; ++i) places_[i].next_free = i + 1;
  }

  void grow_buckets() {
    constexpr std::size_t kSmallest = 64;
    buckets_.assign(buckets_.empty() ? kSmallest : 2 * buckets_.size(), kNoIndex);
    for (std::uint32_t i = 0; i < places_.size(); ++i) {
      if (place(i) && !place(i)->hidden_) link(*place(i));
    }
  }

  Seed seed_;
  std::uint32_t limit_;
  std::uint32_t size_ = 0;
  std::uint32_t first_free_ = kNoIndex;
  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<Place> places_;
  std::vector<std::uint32_t> buckets_;  // a power of two
};

// An entry's place in one list.
struct FlowLinks {
  std::uint32_t previous = kNoIndex;
  std::uint32_t next = kNoIndex;
};

// Entries of one table in the order they were added. An entry leaves before it is erased.
template <typename Entry, FlowLinks Entry::*kLinks>
class FlowList {
 public:
  explicit FlowList(FlowTable<Entry>& table) : table_(table) {}

  std::uint32_t size() const { return size_; }
  // The one added first; null when there is none.
  Entry* front() { return head_ == kNoIndex ? nullptr : &table_[head_]; }

  void push_back(Entry& entry) {
    entry.*kLinks = {.previous = tail_};
    (tail_ == kNoIndex ? head_ : (table_[tail_].*kLinks).next) = entry.index();
    tail_ = entry.index();
    ++size_;
  }
  void remove(Entry& entry) {
    const FlowLinks links = entry.*kLinks;
    (links.previous == kNoIndex ? head_ : (table_[links.previous].*kLinks).next) = links.next;
    (links.next == kNoIndex ? tail_ : (table_[links.next].*kLinks).previous) = links.previous;
    --size_;
  }
  void move_to_back(Entry& entry) {
    if (tail_ == entry.index()) return;
    remove(entry);
    push_back(entry);
  }

 private:
  FlowTable<Entry>& table_;
  std::uint32_t head_ = kNoIndex;
  std::uint32_t tail_ = kNoIndex;
  std::uint32_t size_ = 0;
};

}  // namespace sluice

#endif  // SLUICE_NAT_FLOW_TABLE_H_
