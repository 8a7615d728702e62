// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/client/link_keeper.hpp"

#include <algorithm>
#include <random>

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

void pass_answer(connection_state& state, message x) {
  auto request = request_in(x.subject);
  if (auto user = request ? state.find(request->first) : nullptr)
    user->take(answer_event{request->second, std::move(x)});
}

void pass_complaint(connection_state& state, const std::string& complaint) {
  auto x = parse_violation(complaint);
  auto subject = x && x->publish ? without_api_prefix(state.options.api(), x->subject)
                                 : std::string{};
  std::unique_lock lock{state.mutex};
  // Also to users that were not notified yet: they may have asked, as the link is up.
  auto users = state.ports.users(false);
  lock.unlock();
  for (auto& user : users)
    user->take(denial_event{subject, complaint});
}

/// The library's callbacks hold the state instead of it, which lives longer.
class link_keeper {
public:
  explicit link_keeper(connection_state& state) : state_(state) {}

  void run() {
    auto lost_at = clock::now();
    auto next_try = lost_at;
    while (serve(nullptr, next_try)) {
      clock::duration outage{};
      auto opened = open();
      if (auto* failed = std::get_if<link::failure>(&opened)) {
        report_failure(*failed);
        outage = clock::now() - lost_at;
      } else {
        use(std::get<std::shared_ptr<link>>(opened));
        explained_.clear();
        lost_at = clock::now();
      }
      next_try = clock::now() + wait_after(outage, random_);
    }
    report_down(why_closed);
    std::lock_guard guard{state_.mutex};
    state_.ports.close_all();
  }

private:
  std::variant<std::shared_ptr<link>, link::failure> open() {
    auto urls = state_.options.url;
    urls.insert(urls.end(), discovered_.begin(), discovered_.end());
    auto left = [avoided = std::exchange(avoided_, {})](const std::string& url) {
      return without_secrets(url) == avoided;
    };
    if (!std::all_of(urls.begin(), urls.end(), left))
      std::erase_if(urls, left);
    link::events events{
        .closed = [&x = state_] { x.wake_keeper(); },
        .complaint = [&x = state_](const std::string& why) { pass_complaint(x, why); }};
    auto result = link::open(state_.options, urls, links_ + 1, std::move(events));
    auto* opened = std::get_if<std::shared_ptr<link>>(&result);
    if (!opened)
      return result;
    auto wrong = check_store(**opened);
    if (!wrong) {
      auto listening =
          (*opened)->listen(state_.ports.reply_pattern(), [&x = state_](message answer) {
            pass_answer(x, std::move(answer));
          });
      if (listening.status == send_status::sent)
        return result;
      wrong = link::failure{"cannot listen for answers: " + listening.why};
    }
    (*opened)->finish(*opened);
    return *wrong;
  }

  /// Why this server is not to be used; nothing: it is.
  std::optional<link::failure> check_store(link& opened) {
    std::unique_lock lock{state_.mutex};
    auto all = state_.expected;
    lock.unlock();
    for (const auto& [stream, x] : all) {
      auto found = read_mark(opened, stream, x.subject, state_.options.request_timeout);
      if (auto wrong = why_unusable(found, x, state_.options))
        return wrong;
      std::lock_guard guard{state_.mutex};
      if (found.status == read_status::found && found.value == x.value)
        state_.expected[stream].seen_at = found.server;
    }
    return std::nullopt;
  }

  /// Uses a link from its first moment to its last.
  void use(const std::shared_ptr<link>& opened) {
    // More servers than one were named, so the others of the cluster may be used too.
    if (state_.options.url.size() > 1)
      discovered_ = opened->discovered_urls();
    links_ = opened->number();
    auto server = opened->server();
    const auto id = server.process;
    {
      std::unique_lock lock{state_.mutex};
      state_.ports.set_link(opened);
      // First: standbys may be looking for what was served before the link was lost.
      while (begin_answering(lock)) {
      }
      if (!server.process.empty())
        server.process = state_.name_of(server.process);
    }
    report({true, links_, {}, false, server});
    learn_program(server.url, id);
    serve(opened.get(), std::nullopt);
    auto why = "the connection to " + server.url + " was lost: " + opened->why_over();
    {
      std::lock_guard guard{state_.mutex};
      if (auto left = std::exchange(state_.why_left, {});
          !left.empty() && !opened->over()) {
        why = server.url + " was left for another server: " + left;
        avoided_ = server.url;
      }
      if (state_.stopping)
        why = why_closed;
    }
    report_down(why);
    opened->finish(opened);
  }

  void learn_program(const std::string& url, const std::string& id) {
    const auto& options = state_.options;
    auto read = read_server_info(url, options.connect_timeout);
    auto* program = std::get_if<server_info>(&read);
    if (!program)
      return;
    // The address may lead to several, and the API to the JetStream of another server.
    if (program->id != id || !options.domain.empty() || !options.api_prefix.empty())
      program->id.clear();
    std::unique_lock lock{state_.mutex};
    state_.program = *program;
    for (auto& [stream, x] : state_.expected)
      if (x.seen_at == url)
        x.cluster = program->cluster;
    auto users = state_.ports.users(true);
    lock.unlock();
    for (auto& user : users)
      user->take(server_event{*program});
  }

  /// Does what is due until `until`, or until `used` is over or to be left. False: the
  /// connection is to be closed.
  bool serve(const link* used, std::optional<clock::time_point> until) {
    std::unique_lock lock{state_.mutex};
    while (!state_.stopping && !(used && (!state_.why_left.empty() || used->over()))
           && !(until && clock::now() >= *until)) {
      if (notify_next(lock) || begin_answering(lock) || bury(lock))
        continue;
      if (until)
        state_.changed.wait_until(lock, *until);
      else
        state_.changed.wait(lock);
    }
    return !state_.stopping;
  }

  /// Notifies one user of the state of the link.
  bool notify_next(std::unique_lock<std::mutex>& lock) {
    auto user = state_.ports.next_to_notify();
    if (!user)
      return false;
    auto x = state_.reported;
    auto program = state_.program;
    lock.unlock();
    user->take(std::move(x));
    if (program)
      user->take(server_event{*program});
    user.reset();
    lock.lock();
    return true;
  }

  /// Listens for one subject that is to be answered.
  bool begin_answering(std::unique_lock<std::mutex>& lock) {
    auto next = state_.ports.next_to_answer();
    if (!next)
      return false;
    const auto& [subject, number] = *next;
    auto used = state_.ports.link();
    lock.unlock();
    // The link outlives its subscriptions' callbacks.
    auto answer = [&state = state_, at = used.get()](const message& x) {
      if (!x.reply.empty()
          && at->publish(x.reply, {}, {}, {}).status == send_status::broken)
        state.wake_keeper();
    };
    auto listening = used->listen(subject, answer);
    lock.lock();
    if (listening.status == send_status::sent
        && !state_.ports.set_listening(subject, number))
      used->unlisten(subject); // No longer wanted, or wanted again and tried again then.
    return true;
  }

  bool bury(std::unique_lock<std::mutex>& lock) {
    auto used = state_.ports.link();
    if (!used || !used->has_retired())
      return false;
    lock.unlock();
    used->bury();
    lock.lock();
    return true;
  }

  /// Looks for the cause when the library reports another failure than before, and from time
  /// to time: that may take as long as the try did.
  void report_failure(const link::failure& x) {
    constexpr auto pause = 10s;
    if (!x.unconnected)
      return report_down(x.why, x.foreign);
    auto now = clock::now();
    if (x.why == explained_ && now < explain_again_)
      return;
    report_down(why_not_connected(state_.options, state_.options.url, x.why));
    explained_ = x.why;
    explain_again_ = now + pause;
  }

  void report_down(const std::string& why, bool foreign = false) {
    {
      std::lock_guard guard{state_.mutex};
      state_.ports.set_link(nullptr);
      // At the end all users are notified, also those that were not notified so far.
      if (why == why_closed)
        while (state_.ports.next_to_notify()) {
        }
      else if (!state_.reported.up && state_.reported.why == why)
        return;
    }
    report({false, links_, why, foreign});
  }

  void report(const link_event& x) {
    std::unique_lock lock{state_.mutex};
    state_.reported = x;
    state_.program.reset();
    auto users = state_.ports.users(true);
    lock.unlock();
    for (auto& user : users)
      user->take(x);
  }

  connection_state& state_;
  std::uint64_t links_ = 0;
  std::minstd_rand random_{std::random_device{}()};
  std::vector<std::string> discovered_;
  /// The failure that was looked into last.
  std::string explained_;
  clock::time_point explain_again_;
  /// The server that was left, until the next try to connect.
  std::string avoided_;
};

} // namespace

void keep_link(connection_state& state) {
  link_keeper{state}.run();
}

} // namespace partita::nats
