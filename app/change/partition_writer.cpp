// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/partition_writer.hpp"

#include "partita/app/change/settled_write.hpp"
#include "partita/messages/codec.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <utility>

namespace partita::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using kind = partition_change::kind;

/// Writes that are under way at a time: a list of a million takes a minute or two then even
/// where the server is far away.
constexpr std::size_t most_under_way = 256;
constexpr milliseconds retry_pause{100};

class change_writer {
public:
  change_writer(caf::scoped_actor& self, const bucket_actor& bucket, milliseconds limit)
      : self_{self}, bucket_{bucket}, limit_{limit} {}

  std::optional<std::string> run(const std::vector<partition_change>& all,
                                 const std::function<void(std::size_t)>& written) {
    std::deque<pending> under_way;
    for (std::size_t i = 0;; ++i) {
      auto end = why_.empty() ? std::min(i + most_under_way, all.size()) : 0;
      while (i + under_way.size() < end)
        under_way.push_back(send(all[i + under_way.size()]));
      if (under_way.empty())
        break;
      note(all[i], settle(all[i], std::move(under_way.front())));
      under_way.pop_front();
      written(done_);
      if (i % most_under_way == 0 && i + 1 < all.size() && why_.empty())
        look_for_stop();
    }
    if (why_.empty())
      return std::nullopt;
    return why_ + " (" + std::to_string(done_) + " of " + std::to_string(all.size())
           + " changes were written; the same command again writes the rest)";
  }

private:
  /// Of a request whose answer was not looked at yet.
  using pending = decltype(std::declval<caf::scoped_actor&>()->request(
      std::declval<bucket_actor>(), caf::infinite, kv_remove{}));

  static key_change change_of(const partition_change& x) {
    if (x.what == kind::remove)
      return {partition_key(x.name), std::nullopt, x.expected};
    partition value;
    value.weight = x.to.value_or(value.weight);
    return {partition_key(x.name), entry_text(value), x.expected};
  }

  pending send(const partition_change& x) {
    return with_request(change_of(x), [&](auto request) {
      return self_->request(bucket_, caf::infinite, std::move(request));
    });
  }

  /// Makes an answer definite: where the outcome is unknown, the request is repeated.
  kv_written settle(const partition_change& x, pending first) {
    kv_written answer;
    first.receive([&](kv_written& y) { answer = std::move(y); },
                  // No answer says nothing: its status is `unknown`.
                  [&](const caf::error& e) { answer.why = self_->system().render(e); });
    auto deadline = steady_clock::now() + limit_;
    auto change = change_of(x);
    auto pause = [&](core::duration length) {
      self_->receive(caf::after(length) >> [] {});
      return steady_clock::now() < deadline;
    };
    auto access = access_to(
        self_, bucket_, change, [this] { return limit_; }, pause);
    for (;;) {
      answer = app::settle(std::move(answer), change, access);
      if (answer.status != write_status::not_connected || !pause(retry_pause))
        return answer;
      answer = access.write();
    }
  }

  void look_for_stop() {
    self_->receive([this](const stop_worker&) { why_ = "stopped"; },
                   caf::after(milliseconds{0}) >> [] {});
  }

  void note(const partition_change& x, const kv_written& answer) {
    if (answer.status == write_status::done) {
      ++done_;
      return;
    }
    if (!why_.empty())
      return;
    if (answer.status == write_status::conflict)
      why_ = "another client changed the partition " + x.name
             + " at the same time; check it and try again";
    else
      why_ = "the partition " + x.name + " could not be written: "
             + (answer.why.empty() ? to_string(answer.status) : answer.why);
  }

  caf::scoped_actor& self_;
  const bucket_actor& bucket_;
  milliseconds limit_;
  std::size_t done_ = 0;
  std::string why_;
};

} // namespace

std::optional<std::string>
write_changes(caf::scoped_actor& self, const bucket_actor& bucket,
              const std::vector<partition_change>& changes, milliseconds limit,
              const std::function<void(std::size_t)>& written) {
  return change_writer{self, bucket, limit}.run(changes, written);
}

} // namespace partita::app
