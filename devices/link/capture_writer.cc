#include "devices/link/capture_writer.h"

#include <fcntl.h>
#include <pcap/pcap.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <new>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <gsl/assert>

#include "posix/descriptor.h"
#include "stack/checksum.h"

namespace sluice {

namespace {

constexpr std::size_t kUdpChecksum = 6;

// Opened here rather than by libpcap, so that no program started later inherits the file.
Descriptor open_for_writing(const std::string& path) {
  constexpr int kReadableByAll = 0666;  // as far as the umask permits
  Descriptor file(
      path == "-" ? ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0)
                  : ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, kReadableByAll));
  if (!file) {
    throw std::system_error(errno, std::generic_category(),
                            "can't write the capture '" + path + "'");
  }
  return file;
}

}  // namespace

void CaptureWriter::Closer::operator()(pcap* handle) const {
  ::pcap_close(handle);
}
void CaptureWriter::Closer::operator()(pcap_dumper* dumper) const {
  ::pcap_dump_close(dumper);
}
void CaptureWriter::Closer::operator()(bpf_program* program) const {
  ::pcap_freecode(program);
  delete program;  // NOLINT(cppcoreguidelines-owning-memory): this is its owner's deleter
}

CaptureWriter::CaptureWriter(const CaptureOptions& options)
    : path_(options.path),
      clock_(options.clock),
      max_length_(options.max_length),
      handle_(::pcap_open_dead_with_tstamp_precision(DLT_EN10MB, static_cast<int>(max_length_),
                                                     PCAP_TSTAMP_PRECISION_NANO)) {
  if (!handle_) throw std::bad_alloc();
  if (!options.filter.empty()) compile(options.filter);
  file_.emplace(open_for_writing(options.path), options.waits);
  std::FILE* const stream = file_->open_stream();
  if (stream == nullptr) throw std::bad_alloc();
  dumper_.reset(::pcap_dump_fopen(handle_.get(), stream));
  if (!dumper_) {
    // libpcap has closed the stream when it could not write the file's header.
    throw std::system_error(
        EIO, std::generic_category(),
        "can't write the capture '" + options.path + "': " + ::pcap_geterr(handle_.get()));
  }
  scratch_ = std::make_unique_for_overwrite<std::uint8_t[]>(kMaxCaptureLength);
  dirty_ = true;
  flush();
}

CaptureWriter::~CaptureWriter() = default;

void CaptureWriter::compile(const std::string& expression) {
  auto program = std::make_unique<bpf_program>();
  if (::pcap_compile(handle_.get(), program.get(), expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) !=
      0) {
    throw std::invalid_argument("the capture filter '" + expression +
                                "' is not understood: " + ::pcap_geterr(handle_.get()));
  }
  filter_.reset(program.release());
}

Bytes CaptureWriter::assemble(Bytes head, gsl::span<const Bytes> payload, const Offload& offload) {
  if (payload.empty() && offload.checksum != ChecksumState::kPartial) {
    return head.first(std::min(head.size(), kMaxCaptureLength));
  }
  const MutableBytes scratch(scratch_.get(), kMaxCaptureLength);
  std::size_t size = 0;
  const auto append = [&](Bytes piece) {
    const Bytes fitting = piece.first(std::min(piece.size(), kMaxCaptureLength - size));
    copy_bytes(fitting, scratch.subspan(size));
    size += fitting.size();
  };
  append(head);
  for (const Bytes piece : payload) append(piece);
  const MutableBytes whole = scratch.first(size);
  if (offload.checksum == ChecksumState::kPartial) {
    // The field holds the pseudo-header's sum, so that summing over it takes that in.
    const MutableBytes covered = whole.subspan(offload.checksum_start);
    std::uint16_t checksum = internet_checksum(covered);
    // In UDP, zero means that there is none (RFC 768).
    if (checksum == 0 && offload.checksum_offset == kUdpChecksum) checksum = 0xffff;
    store_big(covered, offload.checksum_offset, checksum);
  }
  return whole;
}

void CaptureWriter::write(Time now, Bytes head, gsl::span<const Bytes> payload,
                          const Offload& offload) {
  if (!problem_.empty()) return;
  if (file_->is_full()) flush();
  if (file_->is_full()) {
    ++missed_;
    return;
  }
  const Bytes frame = assemble(head, payload, offload);
  const std::size_t length = head.size() + total_size(payload);

  const std::chrono::nanoseconds wall = clock_.at_start + (now - clock_.start);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(wall);
  pcap_pkthdr record{};
  record.ts.tv_sec = seconds.count();
  record.ts.tv_usec = (wall - seconds).count();  // in this file, nanoseconds
  record.caplen = static_cast<bpf_u_int32>(std::min(frame.size(), max_length_));
  record.len = static_cast<bpf_u_int32>(length);
  if (filter_ && ::pcap_offline_filter(filter_.get(), &record, frame.data()) == 0) return;

  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): how libpcap passes its dumper.
  ::pcap_dump(reinterpret_cast<u_char*>(dumper_.get()), &record, frame.data());
  ++records_;
  dirty_ = true;
}

void CaptureWriter::flush() {
  if (!problem_.empty()) return;
  errno = 0;
  const auto has_flushed = [this] {
    return ::pcap_dump_flush(dumper_.get()) == 0 &&
           std::ferror(::pcap_dump_file(dumper_.get())) == 0;
  };
  if (file_->go_on() && (!std::exchange(dirty_, false) || has_flushed())) return;
  problem_ = "the capture '" + path_ + "' is incomplete";
  if (errno != 0) problem_ += ": " + std::generic_category().message(errno);
}

void CaptureWriter::finish() {
  flush();
  if (problem_.empty() && !file_->drain()) {
    problem_ = "the capture '" + path_ + "' has no end: its reader takes nothing";
  }
}

std::string CaptureWriter::problem() const {
  if (!problem_.empty() || missed_ == 0) return problem_;
  return "the capture '" + path_ + "' is incomplete: its reader was too slow for " +
         std::to_string(missed_) + " frames";
}

}  // namespace sluice
