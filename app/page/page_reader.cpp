// SPDX-License-Identifier: Apache-2.0
#include "partita/app/page/page_reader.hpp"

#include "partita/app/http/http_api.hpp"
#include "partita/app/inspect/bucket_reader.hpp"
#include "partita/app/inspect/explanation.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/output/event_lines.hpp"
#include "partita/app/page/group_document.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/messages/codec.hpp"

#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <algorithm>
#include <array>
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
// No client has looked for so long: the reader ends.
constexpr auto linger = 5s;

/// Time to look at what has come.
struct page_tick {
  PARTITA_MESSAGE(page_tick)
};

using reader_actor =
    page_actor::extend<caf::reacts_to<watch_event>, caf::reacts_to<link_changed>,
                       caf::reacts_to<page_tick>>;

/// One bucket, and whether it is there.
struct followed_bucket {
  std::string name;
  bucket_actor actor = {};
  bool asked = false;
  bool missing = false;
};

struct reader_state {
  static inline constexpr const char* name = "partita.page";
  using promise = caf::typed_response_promise<page_text>;
  struct viewer {
    std::uint64_t position = 0;
    steady_clock::time_point since;
    promise answer;
  };

  config::settings settings;
  /// Names of partitions that the group should have, if the configuration lists them.
  std::vector<std::string> known;
  store_actor store;
  std::array<followed_bucket, count_of<group_bucket>> buckets;
  group_view view{""};
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
  /// Names of partitions.
  std::vector<std::pair<std::string, promise>> questions;
};

using self_pointer = reader_actor::stateful_pointer<reader_state>;

std::shared_ptr<const std::string> text_of(const json& x) {
  return std::make_shared<const std::string>(
      x.dump(-1, ' ', false, json::error_handler_t::replace));
}

/// Whether it changes what is shown. `fresh`: it is not what was there before.
bool take_heartbeat(reader_state& s, const watch_event& x, bool fresh) {
  if (x.change == watch_change::removed)
    s.heartbeats.erase(x.entry.key);
  else if (x.change != watch_change::value && fresh)
    s.heartbeats.clear();
  if (x.change != watch_change::value)
    return fresh;
  auto found = beat_from(x.entry.value, x.entry.stored_at_ns);
  auto* now = std::get_if<beat>(&found);
  if (!now)
    return true;
  now->at = 0;
  auto& [last, came] = s.heartbeats[x.entry.key];
  came = x.at;
  return std::exchange(last, *now) != *now;
}

/// Whether what is shown changes by time alone: a session runs out, or a pause.
bool runs_out(const reader_state& s) {
  auto now = steady_clock::now();
  auto ends = !s.status.pauses.empty() || s.status.grants_wait_ms > 0;
  return (ends && now > s.looked + look_again_after)
         || std::any_of(s.heartbeats.begin(), s.heartbeats.end(), [&](const auto& x) {
              const auto& [last, came] = x.second;
              return is_living(last.state) && last.terms.ttl > 0ms
                     && 2 * (now - came) > last.terms.ttl;
            });
}

void open_missing(self_pointer self) {
  auto& s = self->state;
  for (std::size_t i = 0; i < s.buckets.size(); ++i) {
    if (s.buckets[i].actor || std::exchange(s.buckets[i].asked, true))
      continue;
    open_bucket request;
    request.name = s.buckets[i].name;
    request.mode = open_mode::look;
    self->request(s.store, caf::infinite, request)
        .then(
            [self, i](bucket_opened& x) {
              auto& to = self->state.buckets[i];
              auto which = static_cast<group_bucket>(i);
              to.asked = false;
              if (x.status == open_status::missing && !std::exchange(to.missing, true))
                self->state.view.missing(which);
              if (x.status != open_status::opened)
                return;
              if (std::exchange(to.missing, false))
                self->state.view.found(which);
              to.actor = std::move(x.bucket);
              self->send(to.actor,
                         kv_watch{i, ">", caf::actor_cast<watch_sink_actor>(self)});
            },
            [self, i](const caf::error&) { self->state.buckets[i].asked = false; });
  }
}

/// Why what is shown is not how the group is now; empty: it is, or will be at once.
std::string trouble_of(const reader_state& s) {
  auto late = steady_clock::now() > s.complete_at + replay_patience;
  if (s.link.state != link_state::connected && (late || !s.link.why.empty()))
    return "no connection to NATS: "
           + (s.link.why.empty() ? std::string{"no answer"} : s.link.why);
  for (const auto& x : s.buckets)
    if (x.missing && &x != &s.buckets[static_cast<std::size_t>(group_bucket::control)])
      return "the group " + s.settings.group.name
             + " does not exist yet: there is no bucket " + x.name;
  if (s.view.complete() || !late)
    return {};
  return not_shown(s.buckets[static_cast<std::size_t>(s.view.incomplete())].name,
                   s.view.why_incomplete());
}

/// Takes what has come into the document.
void look(reader_state& s) {
  s.looked = steady_clock::now();
  auto next = s.document;
  if (s.view.complete()) {
    auto entries = s.view.entries(steady_clock::now());
    s.status = examine(entries, s.known, rules_of(s.settings));
    s.history = history_of(entries);
    next = group_document(s.status, s.history);
  }
  next["trouble"] = trouble_of(s);
  auto patch = patch_between(s.document, next);
  if (patch.empty())
    return;
  s.document = std::move(next);
  s.change = {++s.position, false, text_of(patch)};
  s.whole = {};
}

/// What a client at that position needs; everything if it is not the last one.
const page_text& next_of(reader_state& s, std::uint64_t position) {
  if (position != 0 && position + 1 == s.position)
    return s.change;
  if (!s.whole.text)
    s.whole = {s.position, true, text_of(s.document)};
  return s.whole;
}

page_text explanation_of(reader_state& s, const std::string& partition) {
  auto found = explain(s.status, s.history, partition, s.known);
  if (const auto* why = std::get_if<std::string>(&found))
    return {0, true, std::make_shared<const std::string>(*why)};
  return {1, true,
          std::make_shared<const std::string>(to_json(std::get<explanation>(found)))};
}

void answer(reader_state& s) {
  // It is a matter of milliseconds until the first document is complete.
  if (!s.document.contains("group") && s.document.value("trouble", "").empty())
    return;
  auto late = steady_clock::now() - http_api::longest_silence + 1s;
  std::erase_if(s.viewers, [&](reader_state::viewer& x) {
    if (x.position != s.position)
      x.answer.deliver(next_of(s, x.position));
    else if (x.since < late)
      x.answer.deliver(page_text{x.position, false, nullptr});
    else
      return false;
    return true;
  });
  for (auto& [partition, to] : std::exchange(s.questions, {}))
    to.deliver(explanation_of(s, partition));
}

void tick(self_pointer self) {
  auto& s = self->state;
  auto begun = steady_clock::now();
  if (s.view.complete())
    s.complete_at = begun;
  if (std::exchange(s.news, false) || runs_out(s)
      || s.document.value("trouble", "") != trouble_of(s))
    look(s);
  answer(s);
  if (!s.viewers.empty())
    s.asked = begun;
  if (begun > s.asked + linger) {
    self->quit();
    return;
  }
  open_missing(self);
  self->delayed_send(self,
                     std::clamp(pauses_per_look * (steady_clock::now() - begun),
                                shortest_pause, longest_pause),
                     page_tick{});
}

reader_actor::behavior_type page_reader(self_pointer self, config::settings settings,
                                        store_actor store) {
  auto& s = self->state;
  s.settings = std::move(settings);
  s.known = names_of(s.settings.partitions);
  s.store = std::move(store);
  const auto& names = s.settings.buckets;
  s.view = group_view{s.settings.group.name};
  s.buckets = {{{names.election},
                {names.heartbeat},
                {names.assignment},
                {names.stable_id},
                {names.control}}};
  self->send(s.store, caf::actor_cast<link_listener_actor>(self));
  self->send(self, page_tick{});
  return {
      [](const page_store&) {},
      [self](const ask_changes& x) -> caf::result<page_text> {
        auto& all = self->state.viewers;
        all.push_back(
            {x.position, steady_clock::now(), self->make_response_promise<page_text>()});
        return all.back().answer;
      },
      [self](const ask_explanation& x) -> caf::result<page_text> {
        self->state.asked = steady_clock::now();
        return self->state.questions
            .emplace_back(x.partition, self->make_response_promise<page_text>())
            .second;
      },
      [self](const watch_event& x) {
        auto& to = self->state;
        auto which = static_cast<group_bucket>(x.watch);
        // A lease or an id that is renewed says nothing new.
        const auto* old = to.view.find(which, x.entry.key);
        auto same = x.change == watch_change::value && old && old->value == x.entry.value;
        auto fresh = to.view.take(which, x) && !same;
        if (which == group_bucket::heartbeat)
          fresh = take_heartbeat(to, x, fresh);
        to.news = to.news || fresh;
      },
      [self](const link_changed& x) { self->state.link = x; },
      [self](page_tick) { tick(self); },
  };
}

} // namespace

page_actor spawn_page_reader(caf::actor_system& sys, const config::settings& s,
                             store_actor store) {
  // It decodes the records of the whole group.
  return sys.spawn<caf::detached>(page_reader, s, std::move(store));
}

} // namespace partita::app
