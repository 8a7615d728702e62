// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"
#include "partita/app/cli/screen.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/inspect/group_status.hpp"
#include "partita/app/output/json_text.hpp"
#include "partita/app/output/names.hpp"
#include "partita/app/output/terminal.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/events.hpp"

#include <algorithm>
#include <iostream>

#include <unistd.h>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Not more often, however much happens.
constexpr auto shortest_pause = 200ms;
/// A new consumer of a watch takes about as long to replay.
constexpr auto replay_patience = 1500ms;
/// Ages grow, and a bucket that was missing is looked for.
constexpr auto longest_pause = 1s;

class status_watcher {
public:
  status_watcher(group_access& access, bool json, bool all)
      : access_(access),
        json_(json),
        all_(all),
        follower_(access.self, access.store, access.settings.group.name,
                  access.settings.buckets),
        known_(names_of(access.settings.partitions)) {}

  int run() {
    link_listener_ = listen_to_link(access_.self, access_.store);
    auto code = watch();
    caf::anon_send_exit(link_listener_, caf::exit_reason::user_shutdown);
    return code;
  }

private:
  int watch() {
    auto why = begin();
    if (!why && !stopped_)
      why = follower_.wait_until_complete(access_.limit);
    if (why)
      return fail(*why);
    if (stopped_)
      return exit_fine;
    return follow() ? exit_fine : fail("cannot write to standard output");
  }

  /// A group that does not exist yet is waited for, also while the server is away.
  std::optional<std::string> begin() {
    std::string absence;
    while (!stopped_) {
      if (connected()) {
        auto why = follower_.begin(access_.limit);
        // Once the server has said that there is no group, a failure is no news: it may
        // be going away, or have come back and not know its buckets yet.
        if (!why || (!follower_.absent() && absence.empty()))
          return why;
        if (absence.empty())
          absence = *why;
      }
      if (!tell_that_it_waits(absence))
        return "cannot write to standard output";
      receive_until(steady_clock::now() + longest_pause, false);
    }
    return std::nullopt;
  }

  /// Does not say the same again. False: nothing takes it.
  bool tell_that_it_waits(const std::string& why) {
    auto text = json_ ? waiting_line(why)
                      : "partita status: " + why + "; waiting for its first worker";
    if (text == gist_)
      return true;
    gist_ = text;
    if (json_)
      return print(text + '\n') == exit_fine;
    std::cerr << config::printable(text) << '\n';
    return true;
  }

  /// Has no `workers`: a program that reads those takes it for no picture of a group.
  std::string waiting_line(const std::string& why) const {
    return json_line({{"connected", connected()},
                      {"group", access_.settings.group.name},
                      {"exists", false},
                      {"reason", why},
                      {"waits_for", "its first worker"}});
  }

  /// False: nothing takes what is shown any more.
  bool follow() {
    std::optional<screen> to;
    if (!json_)
      to.emplace();
    // On a terminal also what only grew older is shown again.
    auto ages = to && to->is_terminal();
    note_whether_stale();
    while (!stopped_) {
      auto due = !stale_since_ || !trouble().empty();
      if (auto text = due ? next_picture(ages) : ""; !text.empty())
        if (to ? !to->show(text) : print(text + '\n') != exit_fine)
          return false;
      receive_until(steady_clock::now() + shortest_pause, false);
      receive_until(steady_clock::now() + longest_pause - shortest_pause, true);
      // A failure is no news: the link says what is the matter.
      if (connected())
        follower_.begin(access_.limit);
    }
    return true;
  }

  /// Takes all that arrives; up to the first news, if asked for.
  void receive_until(steady_clock::time_point end, bool stop_at_news) {
    while (!stopped_ && !(stop_at_news && news_)) {
      auto late = !receive_by(
          access_.self, end,
          [&](const watch_event& x) { news_ = follower_.take(x) || news_; },
          [&](const link_changed& x) {
            news_ = news_ || x.state != link_.state;
            link_ = x;
          },
          [&](const stop_worker&) { stopped_ = true; });
      note_whether_stale();
      if (late)
        return;
    }
  }

  void note_whether_stale() {
    if (connected() && follower_.view().complete())
      stale_since_.reset();
    else if (!stale_since_)
      stale_since_ = steady_clock::now();
  }

  bool connected() const { return link_.state == link_state::connected; }

  /// Why what is shown was seen some time ago; empty: it is how the group is.
  std::string trouble() const {
    if (!connected())
      return "no connection (" + (link_.why.empty() ? "no answer" : link_.why) + ")";
    auto lasts = !follower_.view().complete() && stale_since_
                 && steady_clock::now() >= *stale_since_ + replay_patience;
    return lasts ? follower_.why_incomplete() : std::string{};
  }

  /// Empty: what was shown last still holds.
  std::string next_picture(bool ages) {
    auto trouble = this->trouble();
    if (!news_ && !ages && trouble == trouble_)
      return {};
    trouble_ = std::move(trouble);
    news_ = false;
    auto now = steady_clock::now();
    // What was shown while a watch is rebuilt would have holes.
    if (follower_.view().complete())
      status_ = examine(follower_.view().entries(now), known_);
    auto gist = gist_of(status_) + (connected() ? "+" + trouble_ : "-");
    if (gist == gist_ && !ages)
      return {};
    gist_ = std::move(gist);
    return json_ ? line() : text(now);
  }

  std::string line() const {
    // One object, and first whether it is still true.
    nlohmann::ordered_json truth = {{"connected", connected()}};
    if (!trouble_.empty())
      truth["stale"] = trouble_;
    auto text = json_line(truth);
    return text.substr(0, text.size() - 1) + ',' + to_json(status_).substr(1);
  }

  std::string text(steady_clock::time_point now) const {
    auto result = to_table(status_, {all_, shows_colours(STDOUT_FILENO)});
    if (trouble_.empty())
      return result;
    auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
        now - stale_since_.value_or(now));
    return result + "as seen " + readable_span(age.count())
           + " ago: " + config::printable(trouble_) + '\n';
  }

  group_access& access_;
  bool json_;
  bool all_;
  group_follower follower_;
  std::vector<std::string> known_;
  link_listener_actor link_listener_;
  link_changed link_{link_state::connected, {}};
  /// There is no connection, or a watch replays again.
  std::optional<steady_clock::time_point> stale_since_;
  std::string trouble_;
  group_status status_;
  std::string gist_;
  bool news_ = true;
  bool stopped_ = false;
};

} // namespace

int watch_status(group_access& access, bool json, bool all) {
  return status_watcher{access, json, all}.run();
}

} // namespace partita::app
