// SPDX-License-Identifier: Apache-2.0
#include "partita/app/change/directive_writer.hpp"

#include "partita/app/change/settled_write.hpp"
#include "partita/app/output/event_lines.hpp"
#include "partita/config/duration.hpp"
#include "partita/messages/control_codec.hpp"
#include "partita/messages/events.hpp"

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
      : access_(access),
        request_(request),
        follower_(access.self, access.store, access.settings.group.name,
                  access.settings.buckets) {}

  directive_outcome run() {
    directive_outcome result;
    try {
      read_all();
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

  group_status group() const {
    return examine(follower_.view().entries(steady_clock::now()), {},
                   rules_of(access_.settings));
  }

  void read_all() {
    require(follower_.begin(left()));
    require(follower_.wait_until_complete(left()));
  }

  // -- writing --------------------------------------------------------------------------

  directive_change write() {
    for (;;) {
      auto checked = request_.check(group());
      if (auto* why = std::get_if<std::string>(&checked))
        throw gave_up{*why};
      const auto& change = std::get<directive_change>(checked);
      if (make_bucket())
        continue; // Perhaps others have made it, with directives that were not checked.
      if (write_all(change) == outcome::done)
        return change;
      // Another client was faster. What is right now depends on what it wrote.
      require(follower_.wait_until_complete(left()));
    }
  }

  /// The group exists, or we would not be here. False: there was one already.
  bool make_bucket() {
    if (follower_.control())
      return false;
    const auto& buckets = access_.settings.buckets;
    open_bucket what;
    what.name = buckets.control;
    what.replicas = buckets.replicas;
    auto made = open_within(access_.self, access_.store, what, left());
    if (made.status != open_status::opened)
      throw gave_up{"cannot make the bucket " + what.name + ": "
                    + (made.why.empty() ? to_string(made.status) : made.why)};
    require(follower_.look_for_missing(left()));
    require(follower_.wait_until_complete(left()));
    return true;
  }

  outcome write_all(const directive_change& change) {
    for (const auto& x : change.set) {
      auto text = to_text(
          directive{x, wall_clock_ns() / 1'000'000'000, this_user(), request_.reason});
      if (write_one(directive_key(x), text) == outcome::conflict)
        return outcome::conflict;
    }
    for (const auto& x : change.removed)
      if (write_one(directive_key(x), std::nullopt) == outcome::conflict)
        return outcome::conflict;
    return outcome::done;
  }

  /// Over exactly what was read before the check; without a value it is a removal.
  outcome write_one(const std::string& key, const std::optional<std::string>& value) {
    const auto* seen = follower_.view().find(group_bucket::control, key);
    if (!seen && !value)
      return outcome::done;
    key_change change{key, value, seen ? seen->revision : revision{}};
    auto pause = [&](core::duration length) {
      receive_one(std::min(left(), std::chrono::duration_cast<milliseconds>(length)));
      return true; // Without time left, `left` throws.
    };
    auto access = access_to(
        access_.self, follower_.control(), change, [this] { return left(); }, pause);
    auto answer = settle(access.write(), change, access);
    switch (answer.status) {
    case write_status::done:
      written_ = {key, answer.revision};
      return outcome::done;
    case write_status::conflict:
      wait_for_view(key, answer.revision);
      return outcome::conflict;
    case write_status::not_connected:
      throw gave_up{"the connection was lost; nothing was written"};
    case write_status::refused:
    case write_status::unknown:
      break;
    }
    throw gave_up{"the store refuses the directive: " + answer.why};
  }

  void wait_for_view(const std::string& key, revision at) {
    while (follower_.view().newest(group_bucket::control, key) < at)
      receive_one(left());
  }

  // -- waiting --------------------------------------------------------------------------

  void wait() {
    progress_line line{"waiting until the leader has carried it out"};
    auto end = steady_clock::now() + request_.wait_limit;
    auto replays = follower_.view().replays(group_bucket::control);
    auto shown = [&] {
      const auto& view = follower_.view();
      return view.replays(group_bucket::control) != replays
             || view.newest(group_bucket::control, written_.key) >= written_.at;
    };
    while (!follower_.view().complete() || !shown() || !request_.fulfilled(group())) {
      auto rest = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
      if (rest.count() <= 0)
        throw gave_up{"it was not carried out within "
                      + config::format_duration(request_.wait_limit)
                      + "; it stays in force and is carried out when possible"};
      receive_one(rest);
    }
  }

  void receive_one(milliseconds limit) {
    receive_by(
        access_.self, steady_clock::now() + limit,
        [&](const watch_event& x) { follower_.take(x); },
        [&](const stop_worker&) { stopped_ = true; });
    if (stopped_)
      throw gave_up{"interrupted; what was written stays"};
  }

  struct write_seen {
    std::string key;
    revision at;
  };

  group_access& access_;
  const directive_request& request_;
  group_follower follower_;
  write_seen written_;
  bool stopped_ = false;
};

} // namespace

directive_outcome carry_out(group_access& access, const directive_request& request) {
  return directive_writer{access, request}.run();
}

} // namespace partita::app
