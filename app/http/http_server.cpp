// SPDX-License-Identifier: Apache-2.0
#include "partita/app/http/http_server.hpp"

#include "partita/actors/worker_clock.hpp"
#include "partita/app/http/reading_server.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <spdlog/spdlog.h>

#include <httplib.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <optional>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <sys/socket.h>

namespace partita::app {

namespace {

using namespace std::chrono_literals;

// How long each piece of a request may take, and each piece of the answer.
constexpr auto client_patience = 5s;
// Far fewer than there are threads, so that other requests always find one.
constexpr int most_waiting = 12;
// How much longer than its own limits the application state may take.
constexpr auto answer_limit = 3s;
// How long ending may take.
constexpr auto stop_patience = 3s;

struct endpoint {
  std::string host;
  int port = 0;
};

endpoint endpoint_of(const std::string& listen) {
  auto colon = listen.rfind(':');
  endpoint result{listen.substr(0, colon), std::stoi(listen.substr(colon + 1))};
  if (result.host.starts_with('['))
    result.host = result.host.substr(1, result.host.size() - 2);
  return result;
}

/// What a program on this machine uses to reach who listens there.
std::string local_address(const std::string& host, int port) {
  auto name = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  if (name.find(':') != std::string::npos)
    name = '[' + name + ']';
  return "http://" + name + ':' + std::to_string(port);
}

bool is_loopback(const std::string& address) {
  return address == "::1" || address.starts_with("127.")
         || address.starts_with("::ffff:127.");
}

http_request request_of(const httplib::Request& x) {
  http_request result;
  result.method = x.method;
  result.path = x.path;
  result.parameters = x.params;
  result.host = x.get_header_value("Host");
  result.authorization = x.get_header_value("Authorization");
  result.content_type = x.get_header_value("Content-Type");
  result.content_encoding = x.get_header_value("Content-Encoding");
  result.transfer_encoding = x.get_header_value("Transfer-Encoding");
  result.last_event_id = x.get_header_value("Last-Event-ID");
  result.of_a_page = x.has_header("Origin") || x.has_header("Sec-Fetch-Site");
  result.from_here = is_loopback(x.remote_addr);
  result.body = x.body;
  return result;
}

void say(httplib::Response& to, const http_reply& what) {
  to.status = what.status;
  for (const auto& [name, value] : what.headers)
    to.set_header(name, value);
  to.set_header("Cache-Control", "no-store");
  to.set_content(what.body, what.content_type);
}

http_reply overloaded() {
  auto result = http_error(503, std::to_string(most_waiting) + " calls that wait already",
                           "fewer calls at a time", "try again later, or without wait");
  result.headers.emplace_back("Retry-After", "1");
  return result;
}

http_reply no_answer() {
  return http_error(503, "a worker that does not answer", "an answer of the worker",
                    "check GET /livez, and restart the worker");
}

// The library's own options would let two workers share one port.
void options_of_listener(int socket) {
  int yes = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  // A child that outlives us must not keep the port.
  fcntl(socket, F_SETFD, FD_CLOEXEC);
}

} // namespace

class http_server::impl {
public:
  impl(caf::actor_system& sys, http_options options, application_state_actor application)
      : sys_{sys},
        listen_{std::move(options.listen)},
        api_{std::move(options.rules)},
        application_{std::move(application)} {
    set_up();
  }

  /// Why it cannot listen, or nothing.
  std::string bind() {
    auto [host, port] = endpoint_of(listen_);
    errno = 0;
    if (port == 0)
      port = server_.bind_to_any_port(host);
    else if (!server_.bind_to_port(host, port))
      port = -1;
    if (port < 0) {
      auto why = errno == 0 ? "no such address" : std::generic_category().message(errno);
      return "cannot listen at " + listen_ + ": " + why
             + "; set http.listen to a free port of this machine, or to port 0 for any "
               "free one";
    }
    address_ = local_address(host, port);
    return {};
  }

  void run(std::function<void()> broken) {
    std::promise<void> ended;
    ended_ = ended.get_future();
    listener_ = std::thread{
        [this, broken = std::move(broken), ended = std::move(ended)]() mutable {
          server_.listen_after_bind();
          broken_ = !stopping_;
          ended.set_value();
          if (broken_ && broken)
            broken();
        }};
    // Stopping the library's server before it runs has no effect.
    while (!server_.is_running() && ended_.wait_for(1ms) != std::future_status::ready) {
    }
  }

  bool stop() {
    if (!listener_.joinable())
      return true;
    stopping_ = true;
    caf::anon_send(application_, close_application_state{});
    // Waiting calls are answered first: a server that stops sends nothing any more.
    door_.reset();
    static_cast<void>(all_answered_.get_future().wait_for(stop_patience));
    server_.stop();
    if (ended_.wait_for(stop_patience) != std::future_status::ready) {
      spdlog::warn("HTTP: a client keeps its connection busy; not waiting for it");
      listener_.detach();
      return false;
    }
    listener_.join();
    return true;
  }

  const std::string& address() const { return address_; }
  bool broken() const { return broken_; }

private:
  using held_place = std::shared_ptr<void>;

  void set_up() {
    server_.set_read_timeout(client_patience);
    server_.set_write_timeout(client_patience);
    server_.set_socket_options(options_of_listener);
    server_.set_tcp_nodelay(true);
    server_.set_payload_max_length(http_api::most_body);
    server_.set_pre_routing_handler([this](const auto& request, auto& response) {
      return answer(request, response);
    });
    server_.Post("/v1/released", [this](const auto& request, auto& response) {
      carry_out(api_.judge_body(request_of(request)), response);
    });
    server_.set_error_handler(
        httplib::Server::HandlerWithResponse{[this](const auto& request, auto& response) {
          // The library refuses ranges that it cannot read; ours are ignored.
          return response.status == 416 ? answer(request, response) : explain(response);
        }});
    server_.set_exception_handler([](const auto&, auto& response, std::exception_ptr) {
      say(response, http_error(500, "internal error", "an answer"));
    });
  }

  /// All but the bodies that are wanted is answered here, before anything is read.
  httplib::Server::HandlerResponse answer(const httplib::Request& request,
                                          httplib::Response& response) {
    auto decision = api_.judge(request_of(request));
    // Without a length there is no body; the library would wait for the connection's end.
    if (std::holds_alternative<body_wanted>(decision)) {
      if (request.has_header("Content-Length"))
        return httplib::Server::HandlerResponse::Unhandled;
      decision = api_.judge_body(request_of(request));
    }
    carry_out(decision, response);
    return httplib::Server::HandlerResponse::Handled;
  }

  /// For what the library refuses by itself.
  static httplib::Server::HandlerResponse explain(httplib::Response& response) {
    if (!response.body.empty())
      return httplib::Server::HandlerResponse::Unhandled;
    auto status = response.status;
    if (status == 413)
      say(response, http_error(413, "a body of more than 65536 bytes",
                               "at most 65536 bytes", "send several requests"));
    else
      say(response, http_error(status, "a request that is not HTTP", "HTTP/1.1"));
    return httplib::Server::HandlerResponse::Handled;
  }

  void carry_out(const http_decision& what, httplib::Response& response) {
    std::visit([&](const auto& x) { carry_out(x, response); }, what);
  }

  static void carry_out(const http_reply& x, httplib::Response& response) {
    say(response, x);
  }

  static void carry_out(const body_wanted&, httplib::Response&) {}

  static void carry_out(const show_page& x, httplib::Response& response) {
    say(response, x.page->show());
  }

  void carry_out(const ask_assignment& x, httplib::Response& response) {
    auto place = x.wait > 0ms ? take_place() : nullptr;
    if (x.wait > 0ms && !place) {
      say(response, overloaded());
      return;
    }
    auto found = ask<shown_assignment>(x, x.wait + answer_limit);
    auto now = worker_clock::boottime();
    // This process may have been stopped since: nothing is named once the deadline has passed.
    while (found && !found->partitions.empty() && found->until && now >= *found->until) {
      found = ask<shown_assignment>(ask_assignment{x.who}, answer_limit);
      now = worker_clock::boottime();
    }
    say(response, found ? text_of(*found, now) : no_answer());
  }

  void carry_out(const release_work& x, httplib::Response& response) {
    auto found = ask<released_work>(x, answer_limit);
    say(response, found ? text_of(*found) : no_answer());
  }

  void carry_out(const probe_life& x, httplib::Response& response) {
    auto found = ask<shown_life>(ask_life{}, answer_limit);
    auto life = found ? *found : shown_life{};
    if (!found)
      life.why = "the application state does not answer";
    say(response, x.ready ? readyz_of(life, x.verbose) : livez_of(life));
  }

  void carry_out(const ask_events& x, httplib::Response& response) {
    auto place = take_place();
    if (!place) {
      say(response, overloaded());
      return;
    }
    // The first answer comes at once: it says where to continue, and that the server is
    // there.
    auto first = x;
    first.wait = 0ms;
    auto found = ask<shown_events>(first, answer_limit);
    if (!found) {
      say(response, no_answer());
      return;
    }
    response.status = 200;
    response.set_header("Cache-Control", "no-store");
    auto state = std::make_shared<shown_events>(std::move(*found));
    response.set_content_provider(
        "text/event-stream",
        [this, x, state, place](std::size_t, httplib::DataSink& sink) {
          return stream(x, *state, sink);
        });
  }

  /// Writes what has come, then waits for more. False ends the connection.
  bool stream(const ask_events& asked, shown_events& state, httplib::DataSink& sink) {
    auto text = stream_text_of(state, worker_clock::boottime());
    if (text.empty())
      text = ": nothing new\n\n";
    // A peer that has gone shows here, or by a write that does not get through in time.
    if (!sink.is_writable() || !sink.write(text.data(), text.size()))
      return false;
    if (state.closing) {
      sink.done();
      return true;
    }
    auto next = asked;
    // An open connection does not prove that the application is alive.
    next.who = caller::other;
    next.after = state.last_event;
    auto found = ask<shown_events>(next, next.wait + answer_limit);
    if (!found)
      return false;
    state = std::move(*found);
    return true;
  }

  /// Sends a request to the application state and waits; nothing: it does not answer.
  template <class Answer, class Question>
  std::optional<Answer> ask(const Question& what, std::chrono::milliseconds limit) {
    std::optional<Answer> result;
    caf::scoped_actor self{sys_};
    self->request(application_, limit, what)
        .receive([&](Answer& x) { result = std::move(x); },
                 [&](const caf::error& why) {
                   spdlog::warn("HTTP: the application state does not answer: {}",
                                sys_.render(why));
                 });
    return result;
  }

  /// A place among those who may wait, until the last copy is gone; null: all are taken.
  held_place take_place() {
    // Null once the door is closed: the application state answers at once then.
    auto door = to_door_.lock();
    if (waiting_.fetch_add(1) >= most_waiting) {
      --waiting_;
      return nullptr;
    }
    return {&waiting_, [door](std::atomic<int>* x) { --*x; }};
  }

  caf::actor_system& sys_;
  std::string listen_;
  http_api api_;
  application_state_actor application_;
  reading_server server_;
  std::string address_;
  std::thread listener_;
  std::future<void> ended_;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> broken_ = false;
  std::atomic<int> waiting_ = 0;
  /// Told once the door is closed and the last of those who wait has gone; each of them
  /// keeps a copy of the door.
  std::promise<void> all_answered_;
  std::shared_ptr<void> door_{&all_answered_,
                              [](std::promise<void>* x) { x->set_value(); }};
  const std::weak_ptr<void> to_door_ = door_;
};

http_server::http_server(std::unique_ptr<impl> x) : impl_{std::move(x)} {}

http_server::~http_server() {
  // What its threads still use must outlive them.
  if (impl_ && !impl_->stop())
    static_cast<void>(impl_.release());
}

std::variant<std::unique_ptr<http_server>, std::string>
http_server::start(caf::actor_system& sys, http_options options,
                   application_state_actor application, std::function<void()> broken) {
  auto made = std::make_unique<impl>(sys, std::move(options), std::move(application));
  if (auto why = made->bind(); !why.empty())
    return why;
  made->run(std::move(broken));
  return std::unique_ptr<http_server>{new http_server{std::move(made)}};
}

const std::string& http_server::address() const {
  return impl_->address();
}

bool http_server::broken() const {
  return impl_->broken();
}

bool http_server::stop() {
  auto stopped = impl_->stop();
  if (!stopped)
    static_cast<void>(impl_.release());
  return stopped;
}

} // namespace partita::app
