// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/partition_writer.hpp"

#include "partita/messages/partition_entry.hpp"

#include <caf/actor_system.hpp>

#include <algorithm>
#include <functional>
#include <memory>

namespace partita::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using kind = partition_change::kind;

/// Writes that are under way at a time: a list of thousands takes seconds then even where
/// the server is far away.
constexpr std::size_t most_under_way = 64;

class change_writer {
public:
  change_writer(caf::scoped_actor& self, const bucket_actor& bucket, milliseconds limit)
      : self_{self}, bucket_{bucket}, deadline_{steady_clock::now() + limit} {}

  std::optional<std::string> run(const std::vector<partition_change>& all) {
    for (std::size_t begin = 0; begin < all.size(); begin += most_under_way) {
      auto end = std::min(begin + most_under_way, all.size());
      std::vector<std::function<kv_written()>> answers;
      for (auto i = begin; i < end; ++i)
        answers.push_back(send(all[i]));
      for (auto i = begin; i < end; ++i)
        note(all[i], settle(all[i], answers[i - begin]()));
      if (!why_.empty())
        return why_ + " (" + std::to_string(done_) + " of " + std::to_string(all.size())
               + " changes were written; the same command again writes the rest)";
    }
    return std::nullopt;
  }

private:
  /// Gives what waits for the answer.
  std::function<kv_written()> send(const partition_change& x) {
    auto key = partition_key(x.name);
    if (x.what == kind::remove)
      return ask(kv_remove{key, x.expected});
    partition value;
    value.weight = x.to.value_or(value.weight);
    if (x.what == kind::add)
      return ask(kv_create{key, entry_text(value)});
    return ask(kv_update{key, entry_text(value), x.expected});
  }

  template <class Request>
  std::function<kv_written()> ask(Request what) {
    // Handles of answers can only be moved.
    auto pending = self_->request(bucket_, caf::infinite, std::move(what));
    auto handle = std::make_shared<decltype(pending)>(std::move(pending));
    return [this, handle] {
      kv_written result;
      handle->receive([&](kv_written& x) { result = std::move(x); },
                      [&](const caf::error& e) {
                        result = {write_status::refused, {}, self_->system().render(e)};
                      });
      return result;
    };
  }

  /// Brings an answer to the truth: what may have happened is asked again.
  kv_written settle(const partition_change& x, kv_written answer) {
    auto unsure = [&] {
      return answer.status == write_status::unknown
             || answer.status == write_status::not_connected;
    };
    while (unsure() && steady_clock::now() < deadline_)
      answer = send(x)();
    if (answer.status == write_status::conflict && is_there(x))
      answer.status = write_status::done;
    return answer;
  }

  /// An earlier try has landed, or somebody else wrote the same.
  bool is_there(const partition_change& x) {
    auto result = false;
    auto key = partition_key(x.name);
    self_->request(bucket_, caf::infinite, kv_last{key})
        .receive(
            [&](const kv_read& found) {
              auto gone = found.status == read_status::missing
                          || (found.status == read_status::found && found.entry.removed);
              if (x.what == kind::remove || gone || found.status != read_status::found) {
                result = x.what == kind::remove && gone;
                return;
              }
              auto value = partition_from(key, found.entry.value);
              const auto* good = std::get_if<partition>(&value);
              result = good && good->weight == x.to;
            },
            [](const caf::error&) {});
    return result;
  }

  void note(const partition_change& x, const kv_written& answer) {
    if (answer.status == write_status::done) {
      ++done_;
      return;
    }
    if (!why_.empty())
      return;
    if (answer.status == write_status::conflict)
      why_ = "somebody else changed the partition " + x.name
             + " at the same time; look at it and try again";
    else
      why_ = "the partition " + x.name + " could not be written: "
             + (answer.why.empty() ? to_string(answer.status) : answer.why);
  }

  caf::scoped_actor& self_;
  const bucket_actor& bucket_;
  steady_clock::time_point deadline_;
  std::size_t done_ = 0;
  std::string why_;
};

} // namespace

std::optional<std::string> write_changes(caf::scoped_actor& self,
                                         const bucket_actor& bucket,
                                         const std::vector<partition_change>& changes,
                                         milliseconds limit) {
  return change_writer{self, bucket, limit}.run(changes);
}

} // namespace partita::app
