// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/connection.hpp"

#include "partita/store/nats/client/alarm_clock.hpp"
#include "partita/store/nats/client/library.hpp"
#include "partita/store/nats/client/link.hpp"
#include "partita/store/nats/client/server_info.hpp"
#include "partita/store/nats/client/store_mark.hpp"
#include "partita/store/nats/client/subjects.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <thread>

namespace partita::nats {

namespace {

using namespace std::chrono_literals;
using clock = connection::clock;

constexpr auto shortest_wait = 50ms;
constexpr auto longest_wait = 1000ms;
const std::string why_closed = "the connection was closed";

/// Before the next try: short at first, then growing with the length of the outage, with
/// jitter, so that many clients do not reconnect at once.
clock::duration wait_after(clock::duration outage, std::minstd_rand& random) {
  auto wait = std::clamp<clock::duration>(outage / 16, shortest_wait, longest_wait);
  std::uniform_int_distribution<clock::duration::rep> jitter{0, wait.count() * 2 / 5};
  return wait + clock::duration{jitter(random)};
}

} // namespace

sink::~sink() = default;

void sink::server_known(const std::string&, bool) {}

/// Owns the link, and the thread that opens and closes it and reports its state.
class connection::keeper {
public:
  explicit keeper(nats_options options)
      : options_(std::move(options)),
        inbox_(random_inbox()),
        random_(std::random_device{}()),
        thread_([this] { run(); }) {}

  void close() {
    {
      std::lock_guard guard{mutex_};
      stopping_ = true;
      changed_.notify_all();
    }
    alarms_.stop();
    std::lock_guard guard{joining_};
    if (thread_.joinable())
      thread_.join();
  }

  // -- users ----------------------------------------------------------------------------

  port open_port(std::shared_ptr<sink> user) {
    std::lock_guard guard{mutex_};
    auto result = ++last_port_;
    users_.emplace(result, member{std::move(user), false});
    changed_.notify_all();
    return result;
  }

  void close_port(port user) {
    std::lock_guard guard{mutex_};
    users_.erase(user);
    alarms_.set(user, std::nullopt);
    auto from = inboxes_.lower_bound({user, 0});
    auto to = inboxes_.lower_bound({user + 1, 0});
    for (auto i = from; i != to; ++i)
      i->second->unlisten(inbox_subject(i->first));
    inboxes_.erase(from, to);
    for (auto i = answering_.begin(); i != answering_.end();)
      i = i->second.user == user ? stop_answering(i) : std::next(i);
    changed_.notify_all();
  }

  void wake_at(port user, std::optional<clock::time_point> at) { alarms_.set(user, at); }

  // -- sending and listening ------------------------------------------------------------

  send_result publish(const std::string& subject, const std::string& reply,
                      const header_list& headers, std::string_view data) {
    auto [link, why] = present();
    if (!link)
      return {send_status::not_connected, 0, why};
    auto result = link->publish(subject, reply, headers, data);
    if (result.status == send_status::broken)
      look();
    return result;
  }

  std::string reply_subject(port user, std::uint64_t ticket) const {
    return inbox_ + ".r." + std::to_string(user) + "." + std::to_string(ticket);
  }

  inbox listen(port user, std::uint64_t number) {
    auto [link, why] = present();
    if (!link)
      return {{send_status::not_connected, 0, why}, {}};
    inbox_id id{user, number};
    auto hearer = find(user);
    if (!hearer || is_open(id))
      return {{send_status::refused, 0, "the port is closed, or the inbox open already"},
              {}};
    auto subject = inbox_subject(id);
    auto result = link->listen(subject, [hearer, number](message x) {
      hearer->delivered(number, std::move(x));
    });
    std::lock_guard guard{mutex_};
    if (result.status != send_status::sent || link != link_)
      return {std::move(result), std::move(subject)};
    if (users_.count(user) > 0)
      inboxes_.insert_or_assign(id, link);
    else
      link->unlisten(subject);
    return {std::move(result), std::move(subject)};
  }

  void unlisten(port user, std::uint64_t number) {
    std::lock_guard guard{mutex_};
    auto i = inboxes_.find({user, number});
    if (i == inboxes_.end())
      return;
    i->second->unlisten(inbox_subject(i->first));
    inboxes_.erase(i);
    changed_.notify_all();
  }

  // -- answering ------------------------------------------------------------------------

  void answer(port user, const std::string& subject) {
    std::lock_guard guard{mutex_};
    if (users_.count(user) == 0)
      return;
    answering_.emplace(subject, answerer{user, ++last_answerer_, 0, false});
    changed_.notify_all();
  }

  void answer_no_more(const std::string& subject) {
    std::lock_guard guard{mutex_};
    auto i = answering_.find(subject);
    if (i != answering_.end())
      stop_answering(i);
    changed_.notify_all();
  }

  // -- which store it is ----------------------------------------------------------------

  std::vector<store_mark> survey(const std::string& stream, const std::string& subject) {
    auto result = read_marks(options_, stream, subject);
    for (auto& x : result)
      if (auto info = x.answered ? read_server_info(x.server) : std::nullopt)
        x.cluster = info->cluster;
    std::lock_guard guard{mutex_};
    if (link_ && !link_->server().process.empty())
      for (const auto& x : result)
        if (x.answered)
          processes_.try_emplace(x.process, name_of(link_->server().process));
    return result;
  }

  void move_on(const std::string& why) {
    std::lock_guard guard{mutex_};
    if (!link_ || options_.url.size() < 2)
      return;
    why_left_ = why;
    changed_.notify_all();
  }

  void expect(std::string stream, expected_mark x) {
    std::lock_guard guard{mutex_};
    // The caller has just read the value here.
    x.seen_at = link_ ? link_->server().url : std::string{};
    x.cluster = news_.program ? news_.program->cluster : std::string{};
    expected_.insert_or_assign(std::move(stream), std::move(x));
  }

  std::size_t open_inboxes() const {
    auto link = present().link;
    // One is the inbox of all answers.
    return link ? link->listeners() - 1 : 0;
  }

private:
  using inbox_id = port_and_number;

  struct member {
    std::shared_ptr<sink> user;
    /// Has been notified of the state of the link.
    bool greeted = false;
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

  /// The state of the link as it was last reported.
  struct news {
    bool up = false;
    std::uint64_t link = 0;
    std::string why = "not connected yet";
    bool foreign = false;
    server_facts server;
    std::optional<server_info> program;
  };

  struct link_and_why {
    std::shared_ptr<nats::link> link;
    std::string why;
  };

  std::string inbox_subject(const inbox_id& id) const {
    return inbox_ + ".d." + std::to_string(id.first) + "." + std::to_string(id.second);
  }

  /// With the lock held.
  std::string name_of(const std::string& process) {
    return processes_.try_emplace(process, process).first->second;
  }

  link_and_why present() const {
    std::lock_guard guard{mutex_};
    return {link_, link_ ? std::string{} : news_.why};
  }

  std::shared_ptr<sink> find(port user) const {
    std::lock_guard guard{mutex_};
    auto i = users_.find(user);
    return i == users_.end() ? nullptr : i->second.user;
  }

  bool is_open(const inbox_id& id) const {
    std::lock_guard guard{mutex_};
    return inboxes_.count(id) > 0;
  }

  /// With the lock held.
  answerers::iterator stop_answering(answerers::iterator i) {
    if (i->second.listening && link_)
      link_->unlisten(i->first);
    return answering_.erase(i);
  }

  void look() {
    std::lock_guard guard{mutex_};
    changed_.notify_all();
  }

  // -- the keeper's thread --------------------------------------------------------------

  void run() {
    auto lost_at = clock::now();
    while (!stopping()) {
      auto opened = open();
      if (auto* failed = std::get_if<nats::link::failure>(&opened)) {
        tell_down(failed->why, failed->foreign);
        serve(clock::now() + wait_after(clock::now() - lost_at, random_),
              [] { return false; });
        continue;
      }
      use(std::get<std::shared_ptr<nats::link>>(opened));
      lost_at = clock::now();
      serve(lost_at + wait_after({}, random_), [] { return false; });
    }
    tell_down(why_closed);
    std::lock_guard guard{mutex_};
    users_.clear();
  }

  bool stopping() const {
    std::lock_guard guard{mutex_};
    return stopping_;
  }

  std::variant<std::shared_ptr<nats::link>, nats::link::failure> open() {
    auto urls = options_.url;
    urls.insert(urls.end(), discovered_.begin(), discovered_.end());
    auto left = [avoided = std::exchange(avoided_, {})](const std::string& url) {
      return without_secrets(url) == avoided;
    };
    if (!std::all_of(urls.begin(), urls.end(), left))
      std::erase_if(urls, left);
    auto result = nats::link::open(options_, urls, links_ + 1,
                                   {.closed = [this] { look(); },
                                    .complaint = [this](std::string x) { pass_on(x); }});
    auto* link = std::get_if<std::shared_ptr<nats::link>>(&result);
    if (!link)
      return result;
    if (auto wrong = look_at_store(**link)) {
      (*link)->finish(*link);
      return *wrong;
    }
    auto prefix = inbox_ + ".r.";
    auto listening =
        (*link)->listen(prefix + "*.*", [this](message x) { answered(std::move(x)); });
    if (listening.status == send_status::sent)
      return *link;
    (*link)->finish(*link);
    return nats::link::failure{"cannot listen for answers: " + listening.why};
  }

  /// Why this server is not to be used; nothing: it is.
  std::optional<nats::link::failure> look_at_store(nats::link& link) {
    std::map<std::string, expected_mark> all;
    {
      std::lock_guard guard{mutex_};
      all = expected_;
    }
    for (const auto& [stream, x] : all) {
      auto found = read_mark(link, stream, x.subject, options_.request_timeout);
      if (auto wrong = why_unusable(found, x, options_))
        return wrong;
      std::lock_guard guard{mutex_};
      if (found.value == x.value)
        expected_[stream].seen_at = found.server;
    }
    return std::nullopt;
  }

  /// Uses a link from its first moment to its last.
  void use(const std::shared_ptr<nats::link>& link) {
    // More servers than one were named, so the others of the cluster may be used too.
    if (options_.url.size() > 1)
      discovered_ = link->discovered_urls();
    links_ = link->number();
    set_link(link);
    // First: standbys may look all the time for what was served before the link was lost.
    {
      std::unique_lock lock{mutex_};
      while (begin_answering(lock)) {
      }
    }
    auto server = link->server();
    if (!server.process.empty()) {
      std::lock_guard guard{mutex_};
      server.process = name_of(server.process);
    }
    tell({true, link->number(), {}, false, server, {}});
    learn_program();
    // With the lock held.
    serve(std::nullopt, [&] { return !why_left_.empty() || link->over(); });
    auto why =
        "the connection to " + link->server().url + " was lost: " + link->why_over();
    {
      std::lock_guard guard{mutex_};
      if (auto left = std::exchange(why_left_, {}); !left.empty() && !link->over()) {
        why = link->server().url + " was left for another server: " + left;
        avoided_ = link->server().url;
      }
    }
    tell_down(stopping() ? why_closed : why);
    link->finish(link);
  }

  void learn_program() {
    auto program = read_server_info(news_.server.url);
    if (!program)
      return;
    {
      std::lock_guard guard{mutex_};
      news_.program = program;
      for (auto& [stream, x] : expected_)
        if (x.seen_at == news_.server.url)
          x.cluster = program->cluster;
    }
    for (auto& user : greeted())
      user->server_known(program->version, !program->cluster.empty());
  }

  /// Does what is due until `done`, `until` or close().
  template <class Done>
  void serve(std::optional<clock::time_point> until, Done done) {
    std::unique_lock lock{mutex_};
    while (!stopping_ && !done() && !(until && clock::now() >= *until)) {
      if (greet(lock) || begin_answering(lock) || bury(lock))
        continue;
      if (until)
        changed_.wait_until(lock, *until);
      else
        changed_.wait(lock);
    }
  }

  bool greet(std::unique_lock<std::mutex>& lock) {
    auto i = std::find_if(users_.begin(), users_.end(),
                          [](const auto& x) { return !x.second.greeted; });
    if (i == users_.end())
      return false;
    i->second.greeted = true;
    auto user = i->second.user;
    auto x = news_;
    lock.unlock();
    tell_one(*user, x);
    user.reset();
    lock.lock();
    return true;
  }

  /// Listens for one subject that is to be answered.
  bool begin_answering(std::unique_lock<std::mutex>& lock) {
    auto link = link_;
    if (!link)
      return false;
    auto i = std::find_if(answering_.begin(), answering_.end(), [&](const auto& x) {
      return x.second.tried_on != link->number();
    });
    if (i == answering_.end())
      return false;
    i->second.tried_on = link->number();
    auto subject = i->first;
    auto number = i->second.number;
    lock.unlock();
    // The link outlives its subscriptions' callbacks.
    auto listening = link->listen(subject, [this, at = link.get()](const message& x) {
      if (!x.reply.empty()
          && at->publish(x.reply, {}, {}, {}).status == send_status::broken)
        look();
    });
    lock.lock();
    if (listening.status != send_status::sent)
      return true;
    i = answering_.find(subject);
    if (i != answering_.end() && i->second.number == number)
      i->second.listening = true;
    else
      link->unlisten(subject); // No longer wanted, or wanted again and tried again then.
    return true;
  }

  bool bury(std::unique_lock<std::mutex>& lock) {
    if (!link_ || !link_->has_retired())
      return false;
    auto link = link_;
    lock.unlock();
    link->bury();
    lock.lock();
    return true;
  }

  void set_link(std::shared_ptr<nats::link> link) {
    std::lock_guard guard{mutex_};
    link_ = std::move(link);
    if (link_)
      return;
    inboxes_.clear();
    for (auto& [subject, x] : answering_)
      x.listening = false;
  }

  void tell_down(const std::string& why, bool foreign = false) {
    set_link(nullptr);
    {
      std::lock_guard guard{mutex_};
      // At the end all users are notified, also those that were not notified so far.
      if (why == why_closed)
        for (auto& [id, x] : users_)
          x.greeted = true;
      else if (!news_.up && news_.why == why)
        return;
    }
    tell({false, links_, why, foreign, {}, {}});
  }

  void tell(const news& x) {
    {
      std::lock_guard guard{mutex_};
      news_ = x;
    }
    for (auto& user : greeted())
      tell_one(*user, x);
  }

  static void tell_one(sink& user, const news& x) {
    if (x.up)
      user.link_up(x.link, x.server);
    else
      user.link_down(x.link, x.why, x.foreign);
    if (x.program)
      user.server_known(x.program->version, !x.program->cluster.empty());
  }

  /// The users that have been notified of the state of the link.
  std::vector<std::shared_ptr<sink>> greeted() const {
    return all([](const member& x) { return x.greeted; });
  }

  template <class Predicate>
  std::vector<std::shared_ptr<sink>> all(Predicate chosen) const {
    std::lock_guard guard{mutex_};
    std::vector<std::shared_ptr<sink>> result;
    for (const auto& [id, x] : users_)
      if (chosen(x))
        result.push_back(x.user);
    return result;
  }

  // -- the library's threads ------------------------------------------------------------

  void answered(message x) {
    auto request = request_in(x.subject);
    if (!request)
      return;
    if (auto user = find(request->first))
      user->answered(request->second, std::move(x));
  }

  void pass_on(const std::string& complaint) {
    auto x = parse_violation(complaint);
    auto subject = x && x->publish ? x->subject : std::string{};
    // Also to users that were not greeted yet: they may have asked, as the link is up.
    for (auto& user : all([](const member&) { return true; }))
      user->denied(subject, complaint);
  }

  const nats_options options_;
  const std::string inbox_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;
  port last_port_ = 0;
  std::map<port, member> users_;
  /// Only while it is up.
  std::shared_ptr<nats::link> link_;
  /// Why the link is to be given up; empty: it is not.
  std::string why_left_;
  std::map<inbox_id, std::shared_ptr<nats::link>> inboxes_;
  /// By stream: one for each group whose workers use this connection.
  std::map<std::string, expected_mark> expected_;
  /// The name of a server process, by its id: the id of the process that was in use then.
  std::map<std::string, std::string> processes_;
  std::uint64_t last_answerer_ = 0;
  answerers answering_;
  news news_;

  // Only the keeper's thread touches these.
  std::uint64_t links_ = 0;
  std::minstd_rand random_;
  std::vector<std::string> discovered_;
  /// The server that was left, until the next try to connect.
  std::string avoided_;

  alarm_clock alarms_{[this](port user) {
    if (auto x = find(user))
      x->wake();
  }};

  std::mutex joining_;
  // Last, so that everything above exists when it begins.
  std::thread thread_;
};

// -- connection -------------------------------------------------------------------------

connection::connection(nats_options options)
    : keeper_(std::make_unique<keeper>(std::move(options))) {}

connection::~connection() {
  close();
}

void connection::close() {
  keeper_->close();
}

connection::port connection::open_port(std::shared_ptr<sink> user) {
  return keeper_->open_port(std::move(user));
}

void connection::close_port(port user) {
  keeper_->close_port(user);
}

send_result connection::request(port user, std::uint64_t ticket,
                                const std::string& subject, const header_list& headers,
                                std::string_view data) {
  return keeper_->publish(subject, keeper_->reply_subject(user, ticket), headers, data);
}

send_result connection::publish(const std::string& subject, std::string_view data) {
  return keeper_->publish(subject, {}, {}, data);
}

connection::inbox connection::listen(port user, std::uint64_t number) {
  return keeper_->listen(user, number);
}

void connection::unlisten(port user, std::uint64_t number) {
  keeper_->unlisten(user, number);
}

void connection::answer(port user, const std::string& subject) {
  keeper_->answer(user, subject);
}

void connection::answer_no_more(const std::string& subject) {
  keeper_->answer_no_more(subject);
}

void connection::wake_at(port user, std::optional<clock::time_point> at) {
  keeper_->wake_at(user, at);
}

std::vector<store_mark> connection::survey(const std::string& stream,
                                           const std::string& subject) const {
  return keeper_->survey(stream, subject);
}

void connection::move_on(const std::string& why) {
  keeper_->move_on(why);
}

void connection::expect(std::string stream, std::string subject, std::string value) {
  keeper_->expect(std::move(stream), {std::move(subject), std::move(value), {}, {}});
}

std::size_t connection::open_inboxes() const {
  return keeper_->open_inboxes();
}

} // namespace partita::nats
