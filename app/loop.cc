#include "app/loop.h"

#include <chrono>
#include <utility>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/steady_timer.hpp>

#include "nat/host/clock.h"

namespace sluice {
namespace {

using AsioTime = std::chrono::steady_clock::time_point;

AsioTime to_asio(Time time) {
  return AsioTime(std::chrono::duration_cast<AsioTime::duration>(time.time_since_epoch()));
}

class DescriptorWatch final : public Loop::Watch {
 public:
  DescriptorWatch(asio::io_context& context, int descriptor, std::function<void()> on_readable)
      : descriptor_(context, descriptor), on_readable_(std::move(on_readable)) {}
  ~DescriptorWatch() override {
    // Not ours to close. What is pending is told that it was cancelled, and by then *alive_ is
    // false.
    *alive_ = false;
    descriptor_.release();
  }

  void arm() override {
    if (armed_) return;
    armed_ = true;
    descriptor_.async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, alive = alive_](const asio::error_code& error) {
                             if (!*alive || error) return;
                             armed_ = false;
                             on_readable_();
                           });
  }

 private:
  asio::posix::stream_descriptor descriptor_;
  std::function<void()> on_readable_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  bool armed_ = false;
};

}  // namespace

class Loop::Core {
 public:
  asio::io_context& context() { return context_; }

  void on_deadline(std::function<void()> on_deadline) { on_deadline_ = std::move(on_deadline); }

  void set_deadline(std::optional<Time> deadline) {
    deadline_ = deadline;
    if (deadline_ && (!armed_ || *deadline_ < *armed_)) arm(*deadline_);
  }

 private:
  void arm(Time deadline) {
    armed_ = deadline;
    timer_.expires_at(to_asio(deadline));
    timer_.async_wait([this](const asio::error_code& error) {
      // Set anew while it was pending.
      if (error) return;
      armed_.reset();
      if (!deadline_) return;
      if (*deadline_ > monotonic_now()) {
        arm(*deadline_);
      } else {
        deadline_.reset();
        on_deadline_();
      }
    });
  }

  asio::io_context context_{1};
  asio::steady_timer timer_{context_};
  std::function<void()> on_deadline_;
  std::optional<Time> deadline_;  // what was asked for
  std::optional<Time> armed_;     // when the timer goes off, never later than deadline_
};

Loop::Loop() : core_(std::make_unique<Core>()) {}
Loop::~Loop() = default;

std::unique_ptr<Loop::Watch> Loop::watch(int descriptor, std::function<void()> on_readable) {
  return std::make_unique<DescriptorWatch>(core_->context(), descriptor, std::move(on_readable));
}

void Loop::post(std::function<void()> task) {
  asio::post(core_->context(), std::move(task));
}

void Loop::on_deadline(std::function<void()> on_deadline) {
  core_->on_deadline(std::move(on_deadline));
}

void Loop::set_deadline(std::optional<Time> deadline) {
  core_->set_deadline(deadline);
}

void Loop::run() {
  // With nothing armed there is still somebody who will stop it.
  const auto work = asio::make_work_guard(core_->context());
  core_->context().restart();
  core_->context().run();
}

void Loop::run_for(Duration duration) {
  const auto work = asio::make_work_guard(core_->context());
  core_->context().restart();
  core_->context().run_for(duration);
}

void Loop::stop() {
  core_->context().stop();
}

}  // namespace sluice
