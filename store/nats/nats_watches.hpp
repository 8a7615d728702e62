// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/store.hpp"
#include "partita/store/nats/nats_requests.hpp"
#include "partita/store/nats/nats_stream.hpp"
#include "partita/store/request_counters.hpp"
#include "partita/store/watch_feed.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>

namespace partita::store {

/// The watches over one bucket: one consumer and one feed for each pattern, however many
/// watch it. Makes consumers, passes their deliveries to the feeds, and carries out the
/// outputs of the feeds.
///
/// A consumer is a push consumer on an inbox of its own, without acknowledgements, in the
/// server's memory, that begins with the last value of each key. It is made between two
/// reads of the stream that must show the same incarnation of the bucket; the server
/// removes it some seconds after its inbox has lost its subscriber.
class nats_watches {
public:
  using clock = nats_requests::clock;
  using subscriber = watch_feed::subscriber;
  /// Sends an event to a watcher, which still lacks the number of its watch.
  using event_sink = std::function<void(subscriber, watch_event)>;

  /// Keeps references to all but the bucket's name.
  nats_watches(std::string bucket, const nats_options& options, nats_requests& requests,
               nats_stream& stream, request_counters& counters, event_sink tell);

  /// Drops all consumers, as far as possible.
  ~nats_watches();

  void join(const std::string& pattern, bool signs_of_life, subscriber who);
  void leave(subscriber who);

  /// A message to an inbox of ours.
  void delivered(std::uint64_t inbox, nats::message news);
  void link_lost(const std::string& why);
  void link_back();
  /// A write of ours was acknowledged.
  void acknowledged(const std::string& key, revision at);
  /// About when to call wake().
  std::optional<clock::time_point> wake_at() const;
  void wake();

private:
  /// The consumer of a feed's present attempt.
  struct consumer {
    watch_feed::attempt attempt = 0;
    /// 0: not asked for yet.
    std::uint64_t inbox = 0;
    /// The server's name for it; empty: not known yet.
    std::string name;
    /// When to make it.
    std::optional<clock::time_point> due;
  };

  struct shared_feed {
    std::string pattern;
    watch_feed feed;
    consumer present;
    /// When the first of its attempts began that have failed since it was last complete,
    /// or since the connection was moved to another server.
    clock::time_point failing_since = {};
    /// The server has refused the last consumer for good.
    bool refused = false;
  };

  /// Names a feed. Never reused: a late answer for a feed that is gone must not reach its
  /// successor on the same pattern.
  using feed_id = std::uint64_t;

  struct command_executor;

  template <class Input>
  void input(feed_id id, Input give);
  template <class Input>
  void input_all(Input give);
  void perform(feed_id id, watch_feed::outputs outputs);
  feed_id feed_for(const std::string& pattern);

  /// The feed, if this attempt is still its present one.
  shared_feed* present(feed_id id, watch_feed::attempt attempt);
  void failed(feed_id id, watch_feed::attempt attempt, const std::string& why);

  void attach(feed_id id, watch_feed::attempt attempt);
  void make_consumer(feed_id id, watch_feed::attempt attempt, std::int64_t created_at_ns);
  void consumer_made(feed_id id, watch_feed::attempt attempt, std::int64_t created_at_ns,
                     const nats_outcome& answer);
  void drop(consumer& x);
  void delete_consumer(const std::string& name);
  void take_control(feed_id id, watch_feed::attempt attempt, const nats::message& news);
  void tick_later();

  const std::string bucket_;
  const nats_options& options_;
  nats_requests& requests_;
  nats_stream& stream_;
  request_counters& counters_;
  event_sink tell_;
  std::map<feed_id, shared_feed> feeds_;
  feed_id last_feed_ = 0;
  /// The feed of each watcher.
  std::map<subscriber, feed_id> heard_;
  /// The feed of each inbox.
  std::map<std::uint64_t, feed_id> inboxes_;
  std::uint64_t last_inbox_ = 0;
  /// Before the first report of the link there is no reason: feeds try.
  std::optional<std::string> why_no_link_;
  /// Our last acknowledged write of each key in this bucket incarnation, for new feeds.
  std::map<std::string, revision> own_;
  std::optional<clock::time_point> next_tick_;
  /// Not later than the first consumer to be made: wake_at() is asked for at every message.
  std::optional<clock::time_point> next_due_;
};

} // namespace partita::store
