// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/alarm_clock.hpp"
#include "partita/store/nats/client/link.hpp"
#include "partita/store/nats/client/server_info.hpp"
#include "partita/store/nats/client/subjects.hpp"

#include <set>

/// Internal to this directory: what is behind a connection.
namespace partita::nats {

/// The ports of a connection, and what they listen to on its present link: inboxes, and
/// subjects that are answered. Calls no sink. Guarded by the mutex of its owner, except for
/// the names of subjects, which depend on nothing that changes.
class port_table {
public:
  using port = connection::port;
  using address = port_and_number;
  using sinks = std::vector<std::shared_ptr<sink>>;

  /// All its subjects begin with `inbox_prefix`.
  explicit port_table(const std::string& inbox_prefix)
      : prefix_{random_inbox(inbox_prefix)} {}

  std::string inbox_subject(const address& x) const { return subject_of(".d.", x); }
  std::string reply_subject(const address& x) const { return subject_of(".r.", x); }
  /// Matches all reply subjects.
  std::string reply_pattern() const { return prefix_ + ".r.*.*"; }

  port open(std::shared_ptr<sink> user) {
    users_.emplace(++last_port_, member{std::move(user), false});
    return last_port_;
  }

  /// Closes its inboxes too, and ends its answers.
  void close(port user) {
    users_.erase(user);
    auto from = inboxes_.lower_bound({user, 0});
    auto to = inboxes_.lower_bound({user + 1, 0});
    for (auto i = from; i != to; ++i)
      link_->unlisten(inbox_subject(*i));
    inboxes_.erase(from, to);
    for (auto i = answering_.begin(); i != answering_.end();)
      i = i->second.user == user ? stop_answering(i) : std::next(i);
  }

  void close_all() { users_.clear(); }

  std::shared_ptr<sink> find(port user) const {
    auto i = users_.find(user);
    return i == users_.end() ? nullptr : i->second.user;
  }

  /// All users, or those that have been notified of the state of the link.
  sinks users(bool only_notified) const {
    sinks result;
    for (const auto& [id, x] : users_)
      if (x.notified || !only_notified)
        result.push_back(x.user);
    return result;
  }

  /// One that has not been, and from now on counts as notified; nullptr: all have been.
  std::shared_ptr<sink> next_to_notify() {
    for (auto& [id, x] : users_)
      if (!std::exchange(x.notified, true))
        return x.user;
    return nullptr;
  }

  const std::shared_ptr<nats::link>& link() const { return link_; }
  /// nullptr: there is none any more, and so no inboxes.
  void set_link(std::shared_ptr<nats::link> link) {
    link_ = std::move(link);
    if (link_)
      return;
    inboxes_.clear();
    for (auto& [subject, x] : answering_)
      x.listening = false;
  }

  bool has_inbox(const address& x) const { return inboxes_.count(x) > 0; }

  /// One that the link listens for; false: the port was closed.
  bool add_inbox(const address& x) {
    if (users_.count(x.first) == 0)
      return false;
    inboxes_.insert(x);
    return true;
  }

  /// False: there is none.
  bool close_inbox(const address& x) {
    if (inboxes_.erase(x) == 0)
      return false;
    link_->unlisten(inbox_subject(x));
    return true;
  }

  void answer(port user, const std::string& subject) {
    if (users_.count(user) > 0)
      answering_.emplace(subject, answerer{user, ++last_answerer_, 0, false});
  }

  void answer_no_more(const std::string& subject) {
    if (auto i = answering_.find(subject); i != answering_.end())
      stop_answering(i);
  }

  /// A subject for which listening has not been tried on this link, and from now on counts
  /// as tried; with the number of its answerer.
  std::optional<std::pair<std::string, std::uint64_t>> next_to_answer() {
    if (link_)
      for (auto& [subject, x] : answering_)
        if (std::exchange(x.tried_on, link_->number()) != link_->number())
          return std::pair{subject, x.number};
    return std::nullopt;
  }

  /// The link listens for it. False: the answerer was removed meanwhile.
  bool set_listening(const std::string& subject, std::uint64_t number) {
    auto i = answering_.find(subject);
    if (i == answering_.end() || i->second.number != number)
      return false;
    i->second.listening = true;
    return true;
  }

private:
  struct member {
    std::shared_ptr<sink> user;
    bool notified = false;
  };

  /// One subject that is answered.
  struct answerer {
    port user = 0;
    /// Distinguishes it from another one of the same subject, before or after it.
    std::uint64_t number = 0;
    /// The link on which listening was tried last: once on each, as what a server refuses
    /// it refuses again.
    std::uint64_t tried_on = 0;
    bool listening = false;
  };
  using answerers = std::map<std::string, answerer>;

  std::string subject_of(const char* kind, const address& x) const {
    return prefix_ + kind + std::to_string(x.first) + "." + std::to_string(x.second);
  }

  answerers::iterator stop_answering(answerers::iterator i) {
    if (i->second.listening && link_)
      link_->unlisten(i->first);
    return answering_.erase(i);
  }

  const std::string prefix_;
  port last_port_ = 0;
  std::map<port, member> users_;
  /// Only while it is up.
  std::shared_ptr<nats::link> link_;
  /// Each of them is on the link.
  std::set<address> inboxes_;
  std::uint64_t last_answerer_ = 0;
  answerers answering_;
};

// -- the entry that tells one store from another: store_mark.cpp ------------------------

/// Asks the server that `through` leads to; waits for at most `limit`. Without `cluster`.
surveyed_server read_mark(link& through, const std::string& stream,
                          const std::string& subject, std::chrono::milliseconds limit);

/// The same, and the id of the server's process: another one after each start.
using store_mark = std::pair<surveyed_server, std::string>;
/// Asks each server of `options` over a connection of its own, all at once.
std::vector<store_mark> read_marks(const nats_options& options, const std::string& stream,
                                   const std::string& subject);

/// What a server must hold under one subject of a stream to be used.
struct expected_mark {
  std::string subject;
  std::string value;
  /// The server where it was seen last, and its cluster.
  std::string seen_at;
  std::string cluster;
};

/// Why a server that holds `found` must not be used; nothing: it may be. May connect to it
/// to read the name of its cluster.
std::optional<link::failure> why_unusable(const surveyed_server& found,
                                          const expected_mark& x,
                                          const nats_options& options);

// -- what is behind a connection --------------------------------------------------------

/// What the calls of a connection, its keeper and the library's threads share. `mutex`
/// guards `stopping` and what follows, up to `program`. Links and the alarms, with their
/// own mutexes, may be used with it held; no sink is called with it held. The functions
/// lock it themselves, except for name_of().
struct connection_state {
  explicit connection_state(nats_options x) : options(std::move(x)) {}

  /// The link, and why there is none if that is nullptr.
  std::pair<std::shared_ptr<link>, std::string> present() {
    std::lock_guard guard{mutex};
    return {ports.link(), reported.why};
  }

  std::shared_ptr<sink> find(connection::port user) {
    std::lock_guard guard{mutex};
    return ports.find(user);
  }

  void wake_keeper() {
    std::lock_guard guard{mutex};
    changed.notify_all();
  }

  /// With the mutex held.
  std::string name_of(const std::string& process) {
    return processes.try_emplace(process, process).first->second;
  }

  const nats_options options;
  std::mutex mutex;
  /// Notified when the keeper may have something to do.
  std::condition_variable changed;
  bool stopping = false;
  port_table ports{options.inbox_prefix};
  /// Why the link is to be given up; empty: it is not.
  std::string why_left;
  /// By stream: one for each group whose workers use this connection.
  std::map<std::string, expected_mark> expected;
  /// The name of a server process, by its id: the id of the process that was in use then.
  std::map<std::string, std::string> processes;
  /// As of the last notification.
  link_event reported{.why = "not connected yet"};
  /// Of the server that the link leads to, once it is known.
  std::optional<server_info> program;

  alarm_clock alarms{[this](connection::port user) {
    if (auto x = find(user))
      x->take(wake_event{});
  }};
  std::mutex joining;
  /// Runs keep_link(). Guarded by `joining`.
  std::thread keeper;
};

/// Opens a link whenever there is none, and serves the users on it until `stopping`. Waits
/// for servers, so it needs a thread of its own.
void keep_link(connection_state& state);

} // namespace partita::nats
