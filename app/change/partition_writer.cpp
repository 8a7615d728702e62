// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/partition_writer.hpp"

#include "partita/app/change/settled_write.hpp"
#include "partita/messages/partition_entry.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>

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
    std::deque<std::function<kv_written()>> under_way;
    for (std::size_t i = 0;; ++i) {
      auto end = why_.empty() ? std::min(i + most_under_way, all.size()) : 0;
      while (i + under_way.size() < end)
        under_way.push_back(send(all[i + under_way.size()]));
      if (under_way.empty())
        break;
      note(all[i], settle(all[i], under_way.front()()));
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
  /// Gives what waits for the answer.
  std::function<kv_written()> send(const partition_change& x) {
    auto key = partition_key(x.name);
    if (x.what == kind::remove)
      return ask<kv_written>(kv_remove{key, x.expected});
    partition value;
    value.weight = x.to.value_or(value.weight);
    if (x.what == kind::add)
      return ask<kv_written>(kv_create{key, entry_text(value)});
    return ask<kv_written>(kv_update{key, entry_text(value), x.expected});
  }

  template <class Answer, class Request>
  std::function<Answer()> ask(Request what) {
    // Handles of answers can only be moved.
    auto pending = self_->request(bucket_, caf::infinite, std::move(what));
    auto handle = std::make_shared<decltype(pending)>(std::move(pending));
    return [this, handle] {
      Answer result;
      // No answer says nothing: its status is `unknown`.
      handle->receive(
          [&](Answer& x) { result = std::move(x); },
          [&](const caf::error& e) { result.why = self_->system().render(e); });
      return result;
    };
  }

  /// Makes an answer definite: where the outcome is unknown, the request is repeated.
  kv_written settle(const partition_change& x, kv_written answer) {
    auto deadline = steady_clock::now() + limit_;
    write_access access;
    access.write = [&] { return send(x)(); };
    access.read = [&] { return ask<kv_read>(kv_last{partition_key(x.name)})(); };
    access.is_ours = [&](const kv_entry& found) {
      auto value = partition_from(found.key, found.value);
      const auto* good = std::get_if<partition>(&value);
      return x.what != kind::remove && good && good->weight == x.to;
    };
    access.removes = x.what == kind::remove;
    access.pause = [&](core::duration length) {
      self_->receive(caf::after(length) >> [] {});
      return steady_clock::now() < deadline;
    };
    for (;;) {
      answer = app::settle(std::move(answer), x.expected, access);
      if (answer.status != write_status::not_connected || !access.pause(retry_pause))
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
