// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/http_server.hpp"

#include "partita/actors/worker_clock.hpp"
#include "partita/app/http/http_wire.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/exceptions.hpp"

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <optional>
#include <system_error>
#include <thread>
#include <unordered_map>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

namespace partita::app {

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

// How long a client may send or read nothing, calls that wait apart.
constexpr auto client_patience = 5s;
// Connections beside those that wait. More are closed, the oldest that has sent no request first.
constexpr std::size_t most_others = 256;
// Files that the rest of the process may have open.
constexpr std::size_t other_files = 256;
// Of each connection: the head of its request, and of its answer.
constexpr std::size_t memory_of_client = 16 * 1024;
// How much longer than its own limits the application state may take.
constexpr auto answer_limit = 3s;
// How long ending may take.
constexpr auto stop_patience = 3s;

/// What the server's actor runs: it asks, and resumes the call that waits.
struct http_task {
  std::function<void(caf::event_based_actor*)> run;
  PARTITA_MESSAGE(http_task)
};

caf::behavior asker(caf::event_based_actor* self) {
  end_on_exception(self);
  return {[self](const http_task& x) { x.run(self); }};
}

http_reply no_answer() {
  return http_error(503, "a worker that does not answer", "an answer of the worker",
                    "check GET /livez, and restart the worker");
}

/// Listens, and serves in a thread of its own.
class event_server : public http_server {
public:
  event_server(caf::actor_system& sys, http_options options,
               application_state_actor application, http_listener listener)
      : sys_{sys},
        api_{std::move(options.settings), std::move(options.pages)},
        request_patience_{options.request_patience},
        application_{std::move(application)},
        listener_{std::move(listener)} {
    auto reserve = most_others + other_files;
    auto files = file_limit(options.most_waiting + reserve);
    most_waiting_ =
        std::min(options.most_waiting, files > 2 * reserve ? files - reserve : files / 2);
  }

  ~event_server() override {
    event_server::stop();
    caf::anon_send_exit(asker_, caf::exit_reason::kill);
    ::close(listener_.socket);
    ::close(wake_);
  }

  /// False: the system lacks what it needs, and errno says what.
  bool run() {
    // A few more than are kept: the oldest is closed when another one has come.
    auto most = static_cast<unsigned>(most_waiting_ + most_others + 32);
    daemon_ = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, nullptr, nullptr, on_request, this,
        MHD_OPTION_LISTEN_SOCKET, listener_.socket, MHD_OPTION_NOTIFY_CONNECTION,
        on_connection, this, MHD_OPTION_NOTIFY_COMPLETED, on_completed, this,
        MHD_OPTION_CONNECTION_LIMIT, most, MHD_OPTION_CONNECTION_TIMEOUT,
        static_cast<unsigned>(client_patience.count()),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, memory_of_client, MHD_OPTION_END);
    if (!daemon_)
      return false;
    thread_ = std::thread{[this] { serve(); }};
    return true;
  }

  void stop() override {
    if (!thread_.joinable())
      return;
    // What waits is answered by that.
    caf::anon_send(application_, close_application_state{});
    stopping_ = true;
    ::eventfd_write(wake_, 1);
    thread_.join();
  }

  const std::string& address() const override { return listener_.address; }

private:
  /// One connection.
  struct client {
    event_server* server = nullptr;
    MHD_Connection* connection = nullptr;
    /// Since when it may send the request that is not complete yet.
    std::optional<steady::time_point> sends_since;
    std::optional<http_call> call;
  };

  // -- the thread -------------------------------------------------------------------------

  void serve() {
    auto epoll = MHD_get_daemon_info(daemon_, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    pollfd watched[] = {{epoll, POLLIN, 0}, {wake_, POLLIN, 0}};
    std::optional<steady::time_point> stop_by;
    while (!stop_by || (calls_under_way() && steady::now() < *stop_by)) {
      ::poll(watched, std::size(watched), stop_by ? 10 : until_timeout());
      eventfd_t wakes = 0;
      if (watched[1].revents != 0)
        ::eventfd_read(wake_, &wakes);
      if (stopping_ && !stop_by) {
        stop_by = steady::now() + stop_patience;
        MHD_quiesce_daemon(daemon_);
      }
      MHD_run(daemon_);
      close_slow_clients();
    }
    finish();
  }

  /// For poll.
  int until_timeout() const {
    MHD_UNSIGNED_LONG_LONG result = 0;
    return MHD_get_timeout(daemon_, &result) == MHD_YES ? static_cast<int>(result) : -1;
  }

  bool calls_under_way() const {
    return std::any_of(clients_.begin(), clients_.end(),
                       [](const auto& x) { return x.second.call.has_value(); });
  }

  /// Closes all connections. The library cannot close those that are suspended.
  void finish() {
    caf::scoped_actor self{sys_};
    self->send_exit(asker_, caf::exit_reason::kill);
    self->wait_for(asker_);
    for (auto& [connection, x] : clients_)
      if (x.call && x.call->suspended)
        MHD_resume_connection(connection);
    MHD_stop_daemon(daemon_);
  }

  void close_slow_clients() {
    auto now = steady::now();
    // As long as any client sends, the library's own time-outs end a turn often enough.
    if (now < look_again_)
      return;
    look_again_ = now + 1s;
    for (auto& [connection, x] : clients_)
      if (x.sends_since && now > *x.sends_since + request_patience_)
        close(x);
  }

  void close_oldest() {
    auto age = [](auto& x) { return x.second.sends_since.value_or(steady::now()); };
    auto oldest = std::min_element(clients_.begin(), clients_.end(),
                                   [&](auto& x, auto& y) { return age(x) < age(y); });
    if (oldest->second.sends_since)
      close(oldest->second);
  }

  /// The library notices, and reports that the connection is gone.
  static void close(client& x) {
    x.sends_since.reset();
    ::shutdown(MHD_get_connection_info(x.connection, MHD_CONNECTION_INFO_CONNECTION_FD)
                   ->connect_fd,
               SHUT_RDWR);
  }

  // -- called by the library --------------------------------------------------------------

  static void on_connection(void* server, MHD_Connection* connection, void**,
                            MHD_ConnectionNotificationCode what) {
    auto& self = *static_cast<event_server*>(server);
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
      self.clients_.erase(connection);
      return;
    }
    if (self.clients_.size() >= self.most_waiting_ + most_others)
      self.close_oldest();
    self.clients_[connection] = {&self, connection, steady::now(), {}};
  }

  static void on_completed(void* server, MHD_Connection* connection, void**,
                           MHD_RequestTerminationCode how) {
    auto& self = *static_cast<event_server*>(server);
    auto& from = self.clients_[connection];
    if (how == MHD_REQUEST_TERMINATED_TIMEOUT_REACHED && from.call && from.call->begun)
      spdlog::info("HTTP: closed a client that did not read the answer to {} for 5s",
                   config::printable(from.call->request.path));
    if (from.call && from.call->waits)
      --self.waiting_;
    from.call.reset();
    from.sends_since = steady::now();
  }

  static MHD_Result on_request(void* server, MHD_Connection* connection, const char* path,
                               const char* method, const char*, const char* data,
                               size_t* size, void** seen) {
    auto& self = *static_cast<event_server*>(server);
    auto& from = self.clients_[connection];
    // The library reports the end of a request only if this is set.
    *seen = &from;
    try {
      if (!from.call) {
        from.call.emplace().request = request_of(connection, method, path);
        from.call->decision = self.api_.judge(from.call->request);
        return MHD_YES;
      }
      if (*size > 0) {
        keep(*from.call, {data, std::exchange(*size, 0)});
        return MHD_YES;
      }
      return from.call->begun ? carry_on(*from.call) : self.begin(from);
    } catch (const std::exception&) {
      return say(from, http_error(500, "internal error", "an answer"));
    }
  }

  static ssize_t on_space(void* to, std::uint64_t, char* where, size_t size) {
    auto& follower = *static_cast<client*>(to);
    try {
      return follower.server->write(follower, where, size);
    } catch (const std::exception&) {
      return MHD_CONTENT_READER_END_WITH_ERROR;
    }
  }

  // -- calls ------------------------------------------------------------------------------

  /// What is not wanted is read and dropped: a client that still sends reads no answer.
  static void keep(http_call& to, std::string_view more) {
    auto& body = to.request.body;
    if (std::holds_alternative<body_wanted>(to.decision))
      body += more.substr(0, http_api::most_body + 1 - body.size());
  }

  static MHD_Result carry_on(http_call& x) {
    x.suspended = false;
    return std::exchange(x.next, nullptr)();
  }

  MHD_Result begin(client& from) {
    auto& call = *from.call;
    call.begun = true;
    from.sends_since.reset();
    if (std::holds_alternative<body_wanted>(call.decision))
      call.decision = api_.judge_body(call.request);
    const auto* poll = std::get_if<ask_assignment>(&call.decision);
    const auto* shown = std::get_if<show_page>(&call.decision);
    call.waits = poll ? poll->wait > 0ms
                      : std::holds_alternative<ask_events>(call.decision)
                            || (shown && shown->page->follow);
    if (call.waits && ++waiting_ > most_waiting_)
      return say(from, overloaded());
    return std::visit([&](const auto& x) { return carry_out(x, from); }, call.decision);
  }

  http_reply overloaded() const {
    auto result =
        http_error(503, std::to_string(most_waiting_) + " calls that wait already",
                   "fewer calls at a time", "try again later, or without wait");
    result.headers.emplace_back("Retry-After", "1");
    return result;
  }

  static MHD_Result say(client& to, const http_reply& what) {
    return MHD_queue_response(to.connection, static_cast<unsigned>(what.status),
                              wire_reply_of(what).get());
  }

  static MHD_Result carry_out(const http_reply& x, client& to) { return say(to, x); }

  static MHD_Result carry_out(const body_wanted&, client&) { return MHD_NO; }

  MHD_Result carry_out(const show_page& x, client& to) {
    if (x.page->follow)
      return follow(to, *x.page, 0);
    return suspend(to, [&to, page = x.page](caf::event_based_actor* self) {
      page->show(self, to.call->request, [&to](http_reply text) {
        resume(to, [&to, text = std::move(text)] { return say(to, text); });
      });
    });
  }

  MHD_Result carry_out(const release_work& x, client& to) {
    return ask<released_work>(to, x, 0ms, [&to](auto& y) { return say(to, text_of(y)); });
  }

  MHD_Result carry_out(const probe_life& x, client& to) {
    return ask<shown_life>(to, ask_life{}, 0ms, [&to, x](auto& y) {
      return say(to, x.ready ? readyz_of(y, x.verbose) : livez_of(y));
    });
  }

  MHD_Result carry_out(const ask_assignment& x, client& to) {
    return ask<shared_answer<shown_assignment>>(
        to, x, x.wait, [this, &to, who = x.who](auto& y) {
          auto now = worker_clock::boottime();
          // This process may have been stopped since: nothing is named once the deadline has
          // passed.
          if (y.shown->until && now >= *y.shown->until && !y.shown->partitions.empty())
            return carry_out(ask_assignment{who}, to);
          return show(to, y.shown, now);
        });
  }

  MHD_Result show(client& to, const std::shared_ptr<const shown_assignment>& x,
                  core::time_point now) {
    // All that wait for a version get one answer; what is left of the deadline is right for
    // each of them, as they asked before it was made.
    if (std::exchange(last_assignment_, x) != x)
      last_reply_ = wire_reply_of(text_of(*x, now));
    return MHD_queue_response(to.connection, MHD_HTTP_OK, last_reply_.get());
  }

  MHD_Result carry_out(const ask_events& x, client& to) {
    // The first answer comes at once: it says where to continue, and that the server is
    // there.
    return ask<shared_answer<shown_events>>(to, ask_events{x.who, x.after, 0ms}, 0ms,
                                            [this, &to](auto& y) {
                                              take_up(to, y.shown);
                                              return begin_stream(to);
                                            });
  }

  static MHD_Result begin_stream(client& to) {
    return MHD_queue_response(to.connection, MHD_HTTP_OK,
                              wire_stream(on_space, &to).get());
  }

  /// Writes what has come, or waits for more.
  ssize_t write(client& to, char* where, std::size_t size) {
    auto& call = *to.call;
    if (call.next && carry_on(call) == MHD_NO)
      return MHD_CONTENT_READER_END_WITH_ERROR;
    if (call.sent < call.text->size()) {
      auto n = call.text->copy(where, size, call.sent);
      call.sent += n;
      return static_cast<ssize_t>(n);
    }
    if (call.ends)
      return MHD_CONTENT_READER_END_OF_STREAM;
    // A copy: what asks is replaced by the answer.
    auto more = call.more;
    more();
    return 0;
  }

  /// Asks a page for its next piece; the first one begins the answer.
  MHD_Result follow(client& to, const http_page& page, std::uint64_t position) {
    return suspend(to, [this, &to, &page, position](caf::event_based_actor* self) {
      page.follow(self, position, [this, &to, &page, position](stream_piece x) {
        resume(to, [this, &to, &page, first = position == 0, x = std::move(x)] {
          return take_up(to, page, x, first);
        });
      });
    });
  }

  MHD_Result take_up(client& to, const http_page& page, const stream_piece& x,
                     bool first) {
    if (first && !x.text)
      return say(to, no_answer());
    auto& call = *to.call;
    call.ends = !x.text;
    call.text = x.text ? x.text : std::make_shared<const std::string>();
    call.sent = 0;
    call.more = [this, &to, &page, next = x.position] { follow(to, page, next); };
    return first ? begin_stream(to) : MHD_YES;
  }

  /// To be sent next.
  void take_up(client& to, const std::shared_ptr<const shown_events>& x) {
    auto now = worker_clock::boottime();
    auto over = x->until && now >= *x->until;
    if (std::exchange(last_events_, x) != x || std::exchange(last_over_, over) != over) {
      auto text = stream_text_of(*x, now);
      last_text_ =
          std::make_shared<std::string>(text.empty() ? ": nothing new\n\n" : text);
    }
    to.call->text = last_text_;
    to.call->sent = 0;
    to.call->ends = x->closing;
    // An open connection does not prove that the application is alive.
    ask_events next{caller::other, x->last_event, http_api::longest_silence};
    to.call->more = [this, &to, next] {
      ask<shared_answer<shown_events>>(to, next, next.wait, [this, &to](auto& y) {
        take_up(to, y.shown);
        return MHD_YES;
      });
    };
  }

  // -- the server's actor -----------------------------------------------------------------

  /// Nothing is done for this call until resume().
  MHD_Result suspend(client& x, std::function<void(caf::event_based_actor*)> task) {
    x.call->suspended = true;
    MHD_suspend_connection(x.connection);
    caf::anon_send(asker_, http_task{std::move(task)});
    return MHD_YES;
  }

  /// Called by the actor.
  static void resume(client& x, std::function<MHD_Result()> next) {
    auto wake = x.server->wake_;
    x.call->next = std::move(next);
    // From here on it may be gone at any time.
    MHD_resume_connection(x.connection);
    ::eventfd_write(wake, 1);
  }

  /// Sends a request that takes about `wait` to the application state; `then` is called with
  /// the answer in the thread of the server.
  template <class Answer, class Question, class Then>
  MHD_Result ask(client& to, const Question& what, std::chrono::milliseconds wait,
                 Then then) {
    return suspend(to, [this, &to, what, wait, then](caf::event_based_actor* self) {
      self->request(application_, wait + answer_limit, what)
          .then(
              [&to, then](Answer& x) {
                resume(to, [x = std::move(x), then] { return then(x); });
              },
              [&to, self](const caf::error& why) {
                spdlog::warn("HTTP: the application state does not answer: {}",
                             self->system().render(why));
                resume(to, [&to] { return say(to, no_answer()); });
              });
    });
  }

  caf::actor_system& sys_;
  http_api api_;
  std::chrono::seconds request_patience_;
  application_state_actor application_;
  http_listener listener_;
  std::size_t most_waiting_ = 0;
  /// Ends a turn of the thread.
  int wake_ = ::eventfd(0, EFD_CLOEXEC);
  caf::actor asker_ = sys_.spawn<caf::detached>(asker);
  MHD_Daemon* daemon_ = nullptr;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;

  // Of the thread alone.
  std::unordered_map<MHD_Connection*, client> clients_;
  std::size_t waiting_ = 0;
  steady::time_point look_again_;
  /// What was shown last, and its text.
  std::shared_ptr<const shown_assignment> last_assignment_;
  wire_reply last_reply_;
  std::shared_ptr<const shown_events> last_events_;
  bool last_over_ = false;
  std::shared_ptr<const std::string> last_text_;
};

} // namespace

std::variant<std::unique_ptr<http_server>, std::string>
http_server::start(caf::actor_system& sys, http_options options,
                   application_state_actor application) {
  auto found = listen_at(options.settings.listen);
  if (auto* why = std::get_if<std::string>(&found))
    return std::move(*why);
  auto made = std::make_unique<event_server>(
      sys, std::move(options), std::move(application), std::get<0>(std::move(found)));
  if (!made->run())
    return "cannot be served: " + std::generic_category().message(errno);
  return made;
}

} // namespace partita::app
