// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/directive_writer.hpp"

#include "partita/app/change/settled_write.hpp"
#include "partita/app/output/event_lines.hpp"
#include "partita/config/duration.hpp"
#include "partita/messages/control_codec.hpp"
#include "partita/messages/events.hpp"

#include <algorithm>
#include <chrono>

#include <pwd.h>
#include <unistd.h>

namespace partita::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

/// Thrown and caught within this file only.
struct gave_up {
  std::string why;
};

std::string this_user() {
  const auto* found = getpwuid(geteuid());
  auto result = found ? std::string{found->pw_name} : std::to_string(geteuid());
  char host[256] = {};
  return gethostname(host, sizeof(host) - 1) == 0 ? result + '@' + host : result;
}

class directive_writer {
public:
  directive_writer(group_access& access, const directive_request& request)
      : access_(access), request_(request) {}

  directive_outcome run() {
    directive_outcome result;
    try {
      result.change = write();
      if (request_.fulfilled)
        wait();
    } catch (const gave_up& e) {
      result.failure = e.why;
    }
    return result;
  }

private:
  enum class outcome : std::uint8_t { done, conflict };

  milliseconds left() const {
    auto result =
        std::chrono::duration_cast<milliseconds>(access_.deadline - steady_clock::now());
    if (result.count() <= 0)
      throw gave_up{
          "the store did not answer in time: whether the directive was written is not "
          "known; check `partita status`"};
    return result;
  }

  static void require(const std::optional<std::string>& trouble) {
    if (trouble)
      throw gave_up{*trouble};
  }

  group_status examined(const group_entries& x) const {
    return examine(x, {}, rules_of(access_.settings));
  }

  group_entries read() const {
    const auto& s = access_.settings;
    auto found = read_group(access_.self, access_.store, s.group.name, s.buckets, left());
    if (const auto* why = std::get_if<std::string>(&found))
      throw gave_up{*why};
    return std::move(std::get<group_entries>(found));
  }

  /// The bucket of directives; null if it is missing and is not to be made.
  bucket_actor control(open_mode mode) const {
    const auto& buckets = access_.settings.buckets;
    open_bucket what;
    what.name = buckets.control;
    what.replicas = buckets.replicas;
    what.mode = mode;
    bucket_actor result;
    require(open_if_there(access_.self, access_.store, what, left(), result));
    return result;
  }

  // -- writing --------------------------------------------------------------------------

  directive_change write() {
    auto bucket = control(open_mode::look);
    for (;;) {
      auto entries = read();
      auto checked = request_.check(examined(entries));
      if (auto* why = std::get_if<std::string>(&checked))
        throw gave_up{*why};
      const auto& change = std::get<directive_change>(checked);
      // Where there was none others may have made it, with directives that were not checked.
      if (!bucket)
        bucket = control(open_mode::make);
      else if (write_all(bucket, change, entries.control) == outcome::done)
        return change;
      // Another client was faster. What is right now depends on what it wrote.
    }
  }

  outcome write_all(const bucket_actor& to, const directive_change& change,
                    const std::vector<kv_entry>& seen) {
    for (const auto& x : change.set) {
      auto text = to_text(
          directive{x, wall_clock_ns() / 1'000'000'000, this_user(), request_.reason});
      if (write_one(to, directive_key(x), text, seen) == outcome::conflict)
        return outcome::conflict;
    }
    for (const auto& x : change.removed)
      if (write_one(to, directive_key(x), std::nullopt, seen) == outcome::conflict)
        return outcome::conflict;
    return outcome::done;
  }

  /// Over exactly what was read before the check; without a value it is a removal.
  outcome write_one(const bucket_actor& to, const std::string& key,
                    const std::optional<std::string>& value,
                    const std::vector<kv_entry>& seen) {
    auto i = std::find_if(seen.begin(), seen.end(),
                          [&](const kv_entry& x) { return x.key == key; });
    if (i == seen.end() && !value)
      return outcome::done;
    key_change change{key, value, i == seen.end() ? revision{} : i->revision};
    auto pause = [&](core::duration length) {
      receive_until(steady_clock::now() + std::min<core::duration>(left(), length));
      return true; // Without time left, `left` throws.
    };
    auto access = access_to(
        access_.self, to, change, [this] { return left(); }, pause);
    auto answer = settle(access.write(), change, access);
    switch (answer.status) {
    case write_status::done:
      return outcome::done;
    case write_status::conflict:
      return outcome::conflict;
    case write_status::not_connected:
      throw gave_up{"the connection was lost; nothing was written"};
    case write_status::refused:
    case write_status::unknown:
      break;
    }
    throw gave_up{"the store refuses the directive: " + answer.why};
  }

  // -- waiting --------------------------------------------------------------------------

  /// A watch that begins after a write shows it before it is complete.
  void wait() {
    progress_line line{"waiting until the leader has carried it out"};
    auto end = steady_clock::now() + request_.wait_limit;
    const auto& s = access_.settings;
    group_follower follower{access_.self, access_.store, s.group.name, s.buckets};
    require(follower.begin(access_.limit));
    auto fulfilled = [&] {
      return request_.fulfilled(examined(follower.view().entries(steady_clock::now())));
    };
    while (!follower.view().complete() || !fulfilled())
      if (!receive_until(end, [&](const watch_event& x) { follower.take(x); }))
        throw gave_up{"it was not carried out within "
                      + config::format_duration(request_.wait_limit)
                      + "; it stays in force and is carried out when possible"};
  }

  /// Receives one message; false: none came by then.
  template <class... Handlers>
  bool receive_until(steady_clock::time_point end, const Handlers&... handlers) {
    auto stopped = false;
    auto result = receive_by(access_.self, end, handlers...,
                             [&](const stop_worker&) { stopped = true; });
    if (stopped)
      throw gave_up{"interrupted; what was written stays"};
    return result;
  }

  group_access& access_;
  const directive_request& request_;
};

} // namespace

directive_outcome carry_out(group_access& access, const directive_request& request) {
  return directive_writer{access, request}.run();
}

} // namespace partita::app
