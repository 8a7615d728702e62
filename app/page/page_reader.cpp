// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/explanation.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/output/event_lines.hpp"
#include "partita/app/page/page.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/messages/codec.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::steady_clock;

// Changes wait this long, so that those of one plan are one event.
constexpr std::chrono::nanoseconds shortest_pause = 250ms;
constexpr std::chrono::nanoseconds longest_pause = 5s;
// Of the time, looking at the group takes at most one part in so many.
constexpr int pauses_per_look = 200;
// A new consumer of a watch takes about as long to replay.
constexpr auto replay_patience = 1500ms;
// A pause has an end that no write announces.
constexpr auto look_again_after = 10s;
constexpr auto open_limit = 1s;
// No client has looked for so long: the reader ends.
constexpr auto linger = 5s;

using reader_actor =
    page_actor::extend<caf::reacts_to<watch_event>, caf::reacts_to<link_changed>,
                       // INTERNAL: time to look at what has come.
                       caf::reacts_to<wake>>;

struct viewer {
  ask_page what;
  steady_clock::time_point since;
  caf::typed_response_promise<page_text> answer;
};

std::shared_ptr<const std::string> text_of(const json& x) {
  return std::make_shared<const std::string>(
      x.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// What a reader knows and does.
struct reader_state {
  using self_pointer = reader_actor::stateful_pointer<reader_state>;

  explicit reader_state(reader_actor::pointer me) : self{static_cast<self_pointer>(me)} {}

  static inline constexpr const char* name = "partita.page";
  self_pointer self;
  config::settings settings;
  /// Names of partitions that the group should have, if the configuration lists them.
  std::vector<std::string> known;
  store_actor store;
  /// For requests that wait.
  std::optional<caf::scoped_actor> waiting;
  std::optional<group_follower> follower;
  /// Which bucket the group lacks; empty: it exists, as far as is known.
  std::string absence;
  link_changed link;
  /// By key: a heartbeat without its time, and when one came. Most say nothing new.
  std::map<std::string, std::pair<beat, steady_clock::time_point>> heartbeats;
  bool news = true;
  steady_clock::time_point asked = steady_clock::now();
  steady_clock::time_point complete_at = steady_clock::now();
  steady_clock::time_point looked;
  group_status status;
  plan_history history;
  /// What was sent, and its number: greater than all of an earlier reader.
  json document = json::object();
  std::uint64_t position = static_cast<std::uint64_t>(wall_clock_ns() / 1000);
  /// What makes it of the one before.
  page_text change;
  /// All of it, once a client has asked for that.
  page_text whole;
  std::vector<viewer> viewers;

  void take(const watch_event& x) {
    auto which = static_cast<group_bucket>(x.watch);
    // A lease or an id that is renewed says nothing new.
    const auto* old = follower->view().find(which, x.entry.key);
    auto same = x.change == watch_change::value && old && old->value == x.entry.value;
    auto fresh = follower->take(x) && !same;
    if (which == group_bucket::heartbeat)
      fresh = take_heartbeat(x, fresh);
    news = news || fresh;
  }

  /// Whether it changes what is shown. `fresh`: it is not what was there before.
  bool take_heartbeat(const watch_event& x, bool fresh) {
    if (x.change == watch_change::removed)
      heartbeats.erase(x.entry.key);
    else if (x.change != watch_change::value && fresh)
      heartbeats.clear();
    if (x.change != watch_change::value)
      return fresh;
    auto found = beat_from(x.entry.value, x.entry.stored_at_ns);
    auto* now = std::get_if<beat>(&found);
    if (!now)
      return true;
    now->at = 0;
    auto& [last, came] = heartbeats[x.entry.key];
    came = x.at;
    return std::exchange(last, *now) != *now;
  }

  void open_missing() {
    auto why = follower->begin(open_limit);
    absence = follower->absent() ? *why : "";
  }

  /// Whether what is shown changes by time alone: a session runs out, or a pause.
  bool runs_out() const {
    auto now = steady_clock::now();
    auto ends = !status.pauses.empty() || status.grants_wait_ms > 0;
    return (ends && now > looked + look_again_after)
           || std::any_of(heartbeats.begin(), heartbeats.end(), [&](const auto& x) {
                const auto& [last, came] = x.second;
                return is_living(last.state) && last.terms.ttl > 0ms
                       && 2 * (now - came) > last.terms.ttl;
              });
  }

  /// Why what is shown is not how the group is now; empty: it is, or will be at once.
  std::string trouble() const {
    auto late = steady_clock::now() > complete_at + replay_patience;
    if (link.state != link_state::connected && (late || !link.why.empty()))
      return "no connection to NATS: " + (link.why.empty() ? "no answer" : link.why);
    if (!absence.empty())
      return absence;
    return follower->view().complete() || !late ? "" : follower->why_incomplete();
  }

  std::string shown_trouble() const { return document.value("trouble", ""); }

  /// Takes what has come into the document.
  void look() {
    looked = steady_clock::now();
    auto next = document;
    if (follower->view().complete()) {
      auto entries = follower->view().entries(looked);
      status = examine(entries, known, rules_of(settings));
      history = history_of(entries);
      next = group_document(status, history);
    }
    next["trouble"] = trouble();
    auto patch = patch_between(document, next);
    if (patch.empty())
      return;
    document = std::move(next);
    change = {++position, false, text_of(patch)};
    whole = {};
  }

  /// What a client at that position needs; everything if it is not the last one.
  const page_text& after(std::uint64_t known_position) {
    if (known_position != 0 && known_position + 1 == position)
      return change;
    if (!whole.text)
      whole = {position, true, text_of(document)};
    return whole;
  }

  page_text explanation_of(const std::string& partition) const {
    auto found = explain(status, history, partition, known);
    const auto* why = std::get_if<std::string>(&found);
    return {why ? 0u : 1u, true,
            std::make_shared<const std::string>(
                why ? *why : to_json(std::get<explanation>(found)))};
  }

  void answer() {
    // It is a matter of milliseconds until the first document is complete.
    if (!document.contains("group") && shown_trouble().empty())
      return;
    auto late = steady_clock::now() - http_api::longest_silence + 1s;
    std::erase_if(viewers, [&](viewer& x) {
      if (!x.what.partition.empty())
        x.answer.deliver(explanation_of(x.what.partition));
      else if (x.what.position != position)
        x.answer.deliver(after(x.what.position));
      else if (x.since < late)
        x.answer.deliver(page_text{x.what.position, false, nullptr});
      else
        return false;
      return true;
    });
  }

  void tick() {
    auto begun = steady_clock::now();
    if (follower->view().complete())
      complete_at = begun;
    if (std::exchange(news, false) || runs_out() || shown_trouble() != trouble())
      look();
    if (!viewers.empty())
      asked = begun;
    answer();
    if (begun > asked + linger) {
      self->quit();
      return;
    }
    auto pause = pauses_per_look * (steady_clock::now() - begun);
    open_missing();
    self->delayed_send(self, std::clamp(pause, shortest_pause, longest_pause), wake{});
  }
};

reader_actor::behavior_type page_reader(reader_state::self_pointer self,
                                        config::settings settings, store_actor store) {
  end_on_exception(self);
  auto& s = self->state;
  s.waiting.emplace(self->system());
  s.follower.emplace(*s.waiting, store, settings.group.name, settings.buckets,
                     caf::actor_cast<caf::actor>(self));
  s.known = names_of(settings.partitions);
  s.settings = std::move(settings);
  s.store = std::move(store);
  self->send(s.store, caf::actor_cast<link_listener_actor>(self));
  self->send(self, wake{});
  return {
      [](const store_actor&) {},
      [self](const ask_page& x) -> caf::result<page_text> {
        auto answer = self->make_response_promise<page_text>();
        self->state.viewers.push_back({x, steady_clock::now(), answer});
        return answer;
      },
      [self](const watch_event& x) { self->state.take(x); },
      [self](const link_changed& x) { self->state.link = x; },
      [self](const wake&) { self->state.tick(); },
  };
}

} // namespace

page_actor spawn_page_reader(caf::actor_system& sys, const config::settings& s,
                             store_actor store) {
  // It decodes the records of the whole group.
  return sys.spawn<caf::detached>(page_reader, s, std::move(store));
}

} // namespace partita::app
