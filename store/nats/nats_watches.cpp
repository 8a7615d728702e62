// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_watches.hpp"

#include <charconv>
#include <utility>
#include <vector>

namespace partita::store {

namespace {

using kind = nats_outcome::kind;

constexpr int control_status = 100;

/// A server that serves no watch for this long is left for another one. Longer than a
/// cluster takes to elect the leaders that every server needs.
constexpr std::chrono::seconds patience_with_server{10};

std::uint64_t number_in(std::string_view text) {
  std::uint64_t result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

} // namespace

nats_watches::nats_watches(std::string bucket, const nats_options& options,
                           nats_requests& requests, nats_stream& stream,
                           request_counters& counters, event_sink tell)
    : bucket_(std::move(bucket)),
      options_(options),
      requests_(requests),
      stream_(stream),
      counters_(counters),
      tell_(std::move(tell)) {}

nats_watches::~nats_watches() {
  for (auto& [id, x] : feeds_)
    drop(x.present);
}

// -- watchers ---------------------------------------------------------------------------

void nats_watches::join(const std::string& pattern, bool signs_of_life, subscriber who) {
  auto id = feed_for(pattern);
  heard_.emplace(who, id);
  input(id,
        [&](watch_feed& feed) { return feed.join(who, signs_of_life, clock::now()); });
  tick_later();
}

nats_watches::feed_id nats_watches::feed_for(const std::string& pattern) {
  for (const auto& [id, x] : feeds_)
    if (x.pattern == pattern)
      return id;
  auto now = clock::now();
  watch_feed feed{pattern, options_.watch_heartbeat};
  for (const auto& [key, at] : own_)
    feed.acknowledged(key, at, now);
  if (why_no_link_)
    feed.link_lost(*why_no_link_, now);
  feeds_.emplace(++last_feed_, shared_feed{pattern, std::move(feed), {}});
  return last_feed_;
}

void nats_watches::leave(subscriber who) {
  auto found = heard_.extract(who);
  if (!found.empty())
    input(found.mapped(), [&](watch_feed& feed) { return feed.leave(who); });
}

// -- what happens -----------------------------------------------------------------------

void nats_watches::delivered(std::uint64_t inbox, nats::message news) {
  auto owner = inboxes_.find(inbox);
  if (owner == inboxes_.end())
    return; // of a consumer that was dropped
  auto id = owner->second;
  auto attempt = feeds_.at(id).present.attempt;
  auto status = news.status();
  if (status == control_status) {
    take_control(id, attempt, news);
    return;
  }
  auto reply = news.reply;
  auto facts = nats::parse_delivery(reply);
  if (status != 0 || !facts) {
    failed(id, attempt,
           status != 0
               ? "the server ended the consumer: " + std::to_string(status) + " "
                     + std::string{news.header("Description")}
               : "a delivery cannot be understood: its reply subject is " + reply);
    return;
  }
  auto entry = entry_from(std::move(news), *facts, bucket_);
  input(id, [&](watch_feed& feed) {
    return feed.delivered(attempt, facts->consumer_sequence, std::move(entry),
                          clock::now());
  });
}

// Flow control: the server pauses until it has an answer. A heartbeat names a subject
// for the same purpose if such a request was lost.
void nats_watches::take_control(feed_id id, watch_feed::attempt attempt,
                                const nats::message& news) {
  if (!news.reply.empty())
    requests_.connection().publish(news.reply, {});
  if (auto stalled = news.header("Nats-Consumer-Stalled"); !stalled.empty())
    requests_.connection().publish(std::string{stalled}, {});
  if (auto last = news.header("Nats-Last-Consumer"); !last.empty())
    input(id, [&](watch_feed& feed) {
      return feed.heartbeat(attempt, number_in(last), clock::now());
    });
}

void nats_watches::link_lost(const std::string& why) {
  why_no_link_ = why;
  // The inboxes are lost with the link; the server ends consumers without subscribers.
  inboxes_.clear();
  for (auto& [id, x] : feeds_)
    x.present = {};
  input_all([&](watch_feed& feed) { return feed.link_lost(why, clock::now()); });
}

void nats_watches::link_back() {
  if (std::exchange(why_no_link_, std::nullopt))
    input_all([](watch_feed& feed) { return feed.link_back(clock::now()); });
}

void nats_watches::acknowledged(const std::string& key, revision at) {
  own_[key] = at;
  // A process may watch the record of each of a thousand workers.
  std::vector<feed_id> ids;
  for (const auto& [id, x] : feeds_)
    if (watch_feed::matches(x.pattern, key))
      ids.push_back(id);
  for (auto id : ids)
    input(id, [&](watch_feed& feed) { return feed.acknowledged(key, at, clock::now()); });
}

void nats_watches::wake() {
  auto now = clock::now();
  std::vector<std::pair<feed_id, watch_feed::attempt>> due;
  if (next_due_ && *next_due_ <= now) {
    next_due_.reset();
    for (auto& [id, x] : feeds_)
      if (x.present.due && *x.present.due <= now)
        due.emplace_back(id, x.present.attempt);
      else
        next_due_ = earlier(next_due_, x.present.due);
  }
  for (const auto& [id, attempt] : due)
    if (auto* x = present(id, attempt)) {
      x->present.due.reset();
      attach(id, attempt);
    }
  if (!next_tick_ || *next_tick_ > now)
    return;
  next_tick_.reset();
  input_all([&](watch_feed& feed) { return feed.tick(now); });
  tick_later();
}

std::optional<nats_watches::clock::time_point> nats_watches::wake_at() const {
  return earlier(next_tick_, next_due_);
}

void nats_watches::tick_later() {
  if (!next_tick_ && !feeds_.empty())
    next_tick_ = clock::now() + options_.watch_heartbeat / 2;
}

// -- feeds ------------------------------------------------------------------------------

/// Passes an input to a feed, if it is still there, and carries out its outputs.
template <class Input>
void nats_watches::input(feed_id id, Input give) {
  auto i = feeds_.find(id);
  if (i != feeds_.end())
    perform(id, give(i->second.feed));
}

template <class Input>
void nats_watches::input_all(Input give) {
  std::vector<feed_id> ids;
  for (const auto& [id, x] : feeds_)
    ids.push_back(id);
  for (auto id : ids)
    input(id, give);
}

struct nats_watches::command_executor {
  nats_watches& self;
  feed_id id;

  void operator()(watch_feed::tell& x) const {
    if (x.event.change == watch_change::bucket_changed)
      self.own_.clear();
    self.tell_(x.to, std::move(x.event));
  }

  void operator()(const watch_feed::attach& x) const {
    auto& feed = self.feeds_.at(id);
    auto& present = feed.present;
    auto now = clock::now();
    if (x.delay.count() == 0) {
      feed.failing_since = now;
    } else if (now - feed.failing_since >= patience_with_server && !feed.refused) {
      feed.failing_since = now;
      self.requests_.connection().move_on("it serves no watch of " + feed.pattern
                                          + " in bucket " + self.bucket_);
    }
    feed.refused = false;
    self.drop(present);
    present.attempt = x.number;
    self.counters_.watched(x.number);
    if (x.delay.count() == 0) {
      self.attach(id, x.number);
      return;
    }
    present.due = clock::now() + x.delay;
    self.next_due_ = earlier(self.next_due_, present.due);
  }

  void operator()(const watch_feed::find_end& x) const {
    // The answer comes behind what was delivered before; where nothing is delivered, the
    // feed notices the silence.
    read(self.feeds_.at(id).pattern, patience_with_server,
         [x](watch_feed& feed, const kv_read& read, auto now) {
           return feed.end_found(x, read, now);
         });
  }

  void operator()(const watch_feed::confirm& x) const {
    read(x.key, self.options_.request_timeout,
         [x](watch_feed& feed, const kv_read& read, auto now) {
           return feed.confirmed(x.number, x.key, read, now);
         });
  }

  void operator()(const watch_feed::detach&) const {
    auto i = self.feeds_.find(id);
    self.drop(i->second.present);
    self.feeds_.erase(i);
  }

  /// Reads from the stream's leader, and gives the feed what `give` makes of it.
  template <class Give>
  void read(const std::string& key, clock::duration limit, Give give) const {
    read_last(self.requests_, self.bucket_, key, clock::now() + limit,
              [&watches = self, where = id, give](const kv_read& read) {
                watches.input(where, [&](watch_feed& feed) {
                  return give(feed, read, clock::now());
                });
              });
  }
};

void nats_watches::perform(feed_id id, watch_feed::outputs outputs) {
  for (auto& x : outputs)
    if (feeds_.count(id) > 0)
      std::visit(command_executor{*this, id}, x);
}

nats_watches::shared_feed* nats_watches::present(feed_id id,
                                                 watch_feed::attempt attempt) {
  auto i = feeds_.find(id);
  auto found = i != feeds_.end() && i->second.present.attempt == attempt && attempt != 0;
  return found ? &i->second : nullptr;
}

void nats_watches::failed(feed_id id, watch_feed::attempt attempt,
                          const std::string& why) {
  input(id, [&](watch_feed& feed) { return feed.failed(attempt, why, clock::now()); });
}

// -- consumers --------------------------------------------------------------------------

void nats_watches::attach(feed_id id, watch_feed::attempt attempt) {
  stream_.revive([=, this](const nats_stream::result& x) {
    if (!present(id, attempt))
      return;
    if (x.status != open_status::opened) {
      failed(id, attempt, x.why);
      return;
    }
    make_consumer(id, attempt, x.identity.created_at_ns);
  });
}

void nats_watches::make_consumer(feed_id id, watch_feed::attempt attempt,
                                 std::int64_t created_at_ns) {
  auto number = ++last_inbox_;
  auto inbox = requests_.connection().listen(requests_.port(), number);
  if (inbox.result.status != nats::send_status::sent) {
    failed(id, attempt, inbox.result.why);
    return;
  }
  present(id, attempt)->present.inbox = number;
  inboxes_.emplace(number, id);
  auto stream = nats::stream_of(bucket_);
  const auto& pattern = feeds_.at(id).pattern;
  auto request = nats::create_consumer_request(
      {.stream = stream,
       .filter = pattern == ">" ? "" : nats::subject_of(bucket_, pattern),
       .inbox = inbox.subject,
       .heartbeat = options_.watch_heartbeat});
  requests_.ask(
      "$JS.API.CONSUMER.CREATE." + stream, {}, request,
      clock::now() + options_.request_timeout,
      [=, this](const nats_outcome& x) { consumer_made(id, attempt, created_at_ns, x); });
}

void nats_watches::consumer_made(feed_id id, watch_feed::attempt attempt,
                                 std::int64_t created_at_ns, const nats_outcome& answer) {
  auto parsed = nats::parse_consumer(answer.answer.data);
  auto* info = std::get_if<nats::consumer_info>(&parsed);
  auto* x = present(id, attempt);
  if (!x) {
    if (info)
      delete_consumer(info->name);
    return;
  }
  if (!info) {
    auto why = answer.what == kind::answered
                   ? to_string(std::get<nats::api_error>(parsed))
                   : answer.why;
    x->refused =
        answer.what == kind::answered && is_final(std::get<nats::api_error>(parsed));
    failed(id, attempt, "the consumer could not be made: " + why);
    return;
  }
  x->present.name = info->name;
  stream_.identify([=, this](const nats_stream::result& after) {
    if (!present(id, attempt))
      return;
    if (after.status != open_status::opened) {
      failed(id, attempt, after.why);
      return;
    }
    if (after.identity.created_at_ns != created_at_ns) {
      failed(id, attempt, "the bucket was made again while the consumer was made");
      return;
    }
    input(id, [&](watch_feed& feed) {
      return feed.attached(attempt, after.identity, clock::now());
    });
  });
}

void nats_watches::drop(consumer& x) {
  if (x.inbox != 0) {
    requests_.connection().unlisten(requests_.port(), x.inbox);
    inboxes_.erase(x.inbox);
  }
  delete_consumer(x.name);
  x = {};
}

// Optional: the server would remove it by itself after a while.
void nats_watches::delete_consumer(const std::string& name) {
  if (!name.empty())
    requests_.connection().publish(
        "$JS.API.CONSUMER.DELETE." + nats::stream_of(bucket_) + "." + name, {});
}

} // namespace partita::store
