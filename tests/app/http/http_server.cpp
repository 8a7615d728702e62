// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.http_server

#include "partita/app/http/http_server.hpp"
#include "partita/app/http/application_state.hpp"
#include "partita/app/process/runtime.hpp"

#include "../../support/eventually.hpp"

#include <nlohmann/json.hpp>

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

#include <httplib.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <iterator>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

using namespace partita;
using namespace partita::app;
using namespace std::chrono_literals;
using nlohmann::json;
using partita::test::eventually;

namespace {

/// A client that sends and reads only when its test does.
class raw_client {
public:
  /// `buffer`: what may be there unread; 0: as usual.
  explicit raw_client(const std::string& address, const std::string& text = {},
                      int buffer = 0)
      : fd_{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    if (buffer > 0)
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    timeval patience{30, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(
        static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CAF_REQUIRE_EQUAL(connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
    if (!text.empty())
      CAF_REQUIRE(say(text));
  }
  raw_client(raw_client&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  raw_client& operator=(raw_client&&) = delete;
  ~raw_client() {
    if (fd_ >= 0)
      close(fd_);
  }

  bool say(const std::string& text) {
    return send(fd_, text.data(), text.size(), MSG_NOSIGNAL) > 0;
  }

  /// Reads until that has come; empty: until the end.
  std::string hear(const std::string& until = {}) {
    std::string result;
    char buffer[4096];
    while (until.empty() || result.find(until) == std::string::npos) {
      auto n = read(fd_, buffer, sizeof(buffer));
      if (n <= 0)
        break;
      result.append(buffer, static_cast<std::size_t>(n));
    }
    return result;
  }

private:
  int fd_;
};

/// The whole answer to a request that may be anything.
std::string raw(const std::string& address, const std::string& request) {
  return raw_client{address, request}.hear();
}

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

std::ptrdiff_t entries(const char* directory) {
  return std::distance(std::filesystem::directory_iterator{directory}, {});
}

struct fixture {
  runtime_config config;
  caf::actor_system sys{config};
  caf::scoped_actor host{sys};
  application_state_actor application;
  std::unique_ptr<http_server> server;

  explicit fixture() {
    application_state_options options;
    options.confirm = true;
    options.first_number = 1000;
    application =
        spawn_application_state(sys, options, caf::actor_cast<caf::actor>(host), {});
    http_page page{"/extra", [](auto*, const auto&, auto done) {
                     done({200, "text/plain", "stats\n", {}});
                   }};
    auto started = start("127.0.0.1:0", {page});
    CAF_REQUIRE(std::holds_alternative<std::unique_ptr<http_server>>(started));
    server = std::move(std::get<0>(started));
  }

  ~fixture() {
    server.reset();
    caf::anon_send_exit(application, caf::exit_reason::kill);
  }

  std::variant<std::unique_ptr<http_server>, std::string>
  start(const std::string& listen, std::vector<http_page> pages = {},
        std::size_t most_waiting = 2000, std::chrono::seconds request_patience = 10s) {
    return http_server::start(
        sys,
        {{listen, "s3cr3t", true, 0ms}, std::move(pages), most_waiting, request_patience},
        application);
  }

  httplib::Client client() const {
    httplib::Client result{server->address()};
    result.set_read_timeout(40s);
    return result;
  }

  int status(const std::string& path) const {
    auto answer = client().Get(path);
    return answer ? answer->status : -1;
  }

  void assign(const std::string& name) {
    caf::anon_send(application, session_valid{worker_clock::boottime() + 1h});
    caf::anon_send(
        application,
        partitions_assigned{{"worker-1"}, {{1}, {9}}, {{{{name}, 100}, {9}}}, true});
  }

  json assignment(const std::string& parameters = "") const {
    auto answer = client().Get("/v1/assignment" + parameters);
    CAF_REQUIRE(answer);
    CAF_REQUIRE_EQUAL(answer->status, 200);
    return json::parse(answer->body);
  }
};

} // namespace

CAF_TEST_FIXTURE_SCOPE(http_server_tests, fixture)

CAF_TEST(a long poll over a socket ends with the news) {
  auto before = assignment();
  CAF_CHECK(before["partitions"].empty());
  std::thread other{[&] {
    // Once the poll waits, or before: the answer is the same.
    assign("a");
  }};
  auto news = assignment("?wait=30s&version=" + before["version"].dump());
  other.join();
  CAF_REQUIRE_EQUAL(news["partitions"].size(), 1u);
  CAF_CHECK_EQUAL(news["partitions"][0]["name"].get<std::string>(), "a");
}

CAF_TEST(a release over a socket confirms the order) {
  assign("a");
  host->request(application, 20s, ask_assignment{})
      .receive([](shared_answer<shown_assignment>&) {}, [](const caf::error&) {});
  caf::scoped_actor worker{sys};
  worker->send(application, partitions_revoked{{"worker-1"}, {{{{"a"}, 100}, {9}}}, 30s});
  CAF_CHECK(eventually(20s, [&] { return assignment()["revoking"].size() == 1; }));
  auto answer =
      client().Post("/v1/released", R"({"partition":"a","token":9})", "application/json");
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->status, 200);
  auto confirmed = false;
  worker->receive([&](work_stopped) { confirmed = true; }, caf::after(20s) >> [] {});
  CAF_CHECK(confirmed);
}

CAF_TEST(bodies over 64 KB are refused and those below are read) {
  auto padded = [](std::size_t size) {
    std::string body = R"({"partition":"a","token":9})";
    body.insert(0, size - body.size(), ' ');
    return body;
  };
  auto fits = client().Post("/v1/released", padded(64 * 1024), "application/json");
  CAF_REQUIRE(fits);
  CAF_CHECK_EQUAL(fits->status, 409);
  auto large = client().Post("/v1/released", padded(64 * 1024 + 1), "application/json");
  CAF_REQUIRE(large);
  CAF_CHECK_EQUAL(large->status, 413);
  CAF_CHECK(json::parse(large->body).contains("error"));
}

CAF_TEST(what is not a request is refused and harms no other client) {
  const auto& at = server->address();
  CAF_CHECK(!raw(at, "nonsense\r\n\r\n").starts_with("HTTP/1.1 2"));
  CAF_CHECK(raw(at, get(std::string(20'000, 'x'))).starts_with("HTTP/1.1 4"));
  CAF_CHECK(raw(at, "GET /livez HTTP/1.1\r\nHost: localhost\r\nX: "
                        + std::string(20'000, 'x') + "\r\n\r\n")
                .starts_with("HTTP/1.1 431"));
  CAF_MESSAGE("no length is no body");
  const std::string post = "POST /v1/released HTTP/1.1\r\nHost: localhost\r\n"
                           "Connection: close\r\nContent-Type: application/json\r\n";
  CAF_CHECK(raw(at, post + "\r\n").starts_with("HTTP/1.1 400"));
  CAF_CHECK(raw(at, post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")
                .starts_with("HTTP/1.1 411"));
  CAF_CHECK_EQUAL(status("/livez"), 200);
}

CAF_TEST(further pages are served beside) {
  auto answer = client().Get("/extra");
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->body, "stats\n");
  CAF_CHECK_EQUAL(status("/extras"), 404);
}

CAF_TEST(a page may be a stream of pieces until one has no text) {
  http_page page{"/count", {}, [](auto*, std::uint64_t position, auto done) {
                   auto next = position + 1;
                   done({next, next > 3 ? nullptr
                                        : std::make_shared<const std::string>(
                                            "data: " + std::to_string(next) + "\n\n")});
                 }};
  auto started = start("127.0.0.1:0", {page});
  auto& counter = std::get<std::unique_ptr<http_server>>(started);
  auto answer = httplib::Client{counter->address()}.Get("/count");
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->get_header_value("Content-Type"), "text/event-stream");
  CAF_CHECK_EQUAL(answer->body, "data: 1\n\ndata: 2\n\ndata: 3\n\n");
}

CAF_TEST(a stream that has nothing to begin with is an error) {
  http_page page{"/none", {}, [](auto*, std::uint64_t, auto done) { done({}); }};
  auto started = start("127.0.0.1:0", {page});
  auto& empty = std::get<std::unique_ptr<http_server>>(started);
  auto answer = httplib::Client{empty->address()}.Get("/none");
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->status, 503);
}

CAF_TEST(a thousand clients wait and no thread is added for them) {
  auto poll = get("/v1/assignment?wait=30s&version=" + assignment()["version"].dump());
  auto threads = entries("/proc/self/task");
  std::vector<raw_client> polls;
  std::vector<raw_client> followers;
  for (auto i = 0; i < 500; ++i) {
    polls.emplace_back(server->address(), poll);
    followers.emplace_back(server->address(), get("/v1/events"));
  }
  for (auto& x : followers)
    CAF_CHECK(x.hear("nothing new").starts_with("HTTP/1.1 200"));
  CAF_CHECK_EQUAL(status("/livez"), 200);
  CAF_CHECK_EQUAL(entries("/proc/self/task"), threads);
  assign("a");
  for (auto& x : polls)
    CAF_CHECK(x.hear("]}\n").find(R"("name":"a")") != std::string::npos);
  for (auto& x : followers)
    CAF_CHECK(x.hear("event: assigned").find("id: ") != std::string::npos);
  CAF_MESSAGE("all that wait when it stops are answered");
  poll = get("/v1/assignment?wait=30s&version=" + assignment()["version"].dump());
  for (auto& x : polls)
    CAF_CHECK(x.say(poll));
  // Answered after all that were sent before.
  CAF_CHECK_EQUAL(status("/livez"), 200);
  server->stop();
  for (auto& x : polls)
    CAF_CHECK(x.hear().starts_with("HTTP/1.1 200"));
  for (auto& x : followers)
    CAF_CHECK(x.hear().ends_with("0\r\n\r\n"));
}

CAF_TEST(calls that wait are limited and clients that vanish make room) {
  // The end of the first one would close the application state.
  auto first =
      std::exchange(server, std::move(std::get<0>(start("127.0.0.1:0", {}, 20))));
  std::vector<raw_client> followers;
  for (auto i = 0; i < 20; ++i)
    followers.emplace_back(server->address(), get("/v1/events"));
  for (auto& x : followers)
    x.hear("nothing new");
  auto refused = client().Get("/v1/assignment?wait=1s");
  CAF_REQUIRE(refused);
  CAF_CHECK_EQUAL(refused->status, 503);
  CAF_CHECK_EQUAL(refused->get_header_value("Retry-After"), "1");
  CAF_CHECK_EQUAL(status("/v1/assignment"), 200);
  followers.clear();
  CAF_CHECK(eventually(20s, [&] {
    caf::anon_send(application, alert_raised{});
    return status("/v1/assignment?wait=1s") == 200;
  }));
}

CAF_TEST(a client that does not read its events is closed) {
  auto before = entries("/proc/self/fd");
  raw_client lazy{server->address(), get("/v1/events"), 4096};
  lazy.hear("nothing new");
  raw_client other{server->address(), get("/v1/events")};
  other.hear("nothing new");
  alert_raised large{};
  large.why.assign(10'000, 'x');
  for (auto i = 0; i < 100; ++i) {
    caf::anon_send(application, large);
    CAF_CHECK(!other.hear("\n\n\r\n").empty());
  }
  CAF_MESSAGE("its own end stays open here, and the other client has both");
  CAF_CHECK(eventually(20s, [&] {
    caf::anon_send(application, large);
    return !other.hear("\n\n\r\n").empty() && entries("/proc/self/fd") == before + 3;
  }));
}

CAF_TEST(a request that is sent too slowly is cut off) {
  auto first =
      std::exchange(server, std::move(std::get<0>(start("127.0.0.1:0", {}, 20, 1s))));
  raw_client slow{server->address(), "GET /livez HTTP/1.1\r\n"};
  CAF_CHECK(eventually(20s, [&] { return !slow.say("X"); }));
}

CAF_TEST(a connection serves one request after the other) {
  raw_client x{server->address()};
  for (auto i = 0; i < 3; ++i) {
    CAF_REQUIRE(x.say(get("/extra")));
    CAF_CHECK(x.hear("stats\n").starts_with("HTTP/1.1 200"));
  }
}

CAF_TEST(no probe waits for clients that are slow or say nothing) {
  const std::string post = "POST /v1/released HTTP/1.1\r\nHost: localhost\r\n"
                           "Content-Type: application/json\r\nContent-Length: 9\r\n";
  auto version = assignment()["version"].dump();
  std::vector<std::pair<int, std::string>> kinds = {
      {20, "GET /livez HT"},
      {20, post + "\r\n{"},
      {20, post + "Expect: 100-continue\r\n\r\n"},
      {20, get("/v1/assignment?wait=30s&version=" + version)},
      {1000, ""}};
  for (const auto& [count, text] : kinds) {
    CAF_MESSAGE(count << " that send '" << text << "'");
    std::vector<raw_client> held;
    for (auto i = 0; i < count; ++i)
      held.emplace_back(server->address(), text);
    for (const auto* path : {"/livez", "/readyz", "/extra"}) {
      auto begin = std::chrono::steady_clock::now();
      CAF_CHECK(status(path) > 0);
      auto took = std::chrono::steady_clock::now() - begin;
      CAF_MESSAGE(
          path << ": "
               << std::chrono::duration_cast<std::chrono::milliseconds>(took).count()
               << " ms");
      CAF_CHECK(took < 1s);
    }
  }
}

CAF_TEST(a request that is sent piece by piece is answered) {
  const auto& address = server->address();
  auto port = std::stoi(address.substr(address.rfind(':') + 1));
  httplib::Client slow{"127.0.0.1", port};
  slow.set_read_timeout(20s);
  const std::string body = R"({"partition":"a","token":9})";
  CAF_MESSAGE("the body comes once the head has been read");
  auto answer = slow.Post(
      "/v1/released", httplib::Headers{}, body.size(),
      [&](std::size_t offset, std::size_t, httplib::DataSink& sink) {
        return sink.write(body.data() + offset, 1);
      },
      "application/json");
  CAF_REQUIRE(answer);
  CAF_CHECK_EQUAL(answer->status, 409);
}

CAF_TEST(a range is ignored) {
  for (const auto* range : {"bytes=0-1", "bytes=9-1", "nonsense"}) {
    auto answer = client().Get("/extra", httplib::Headers{{"Range", range}});
    CAF_REQUIRE(answer);
    CAF_CHECK_EQUAL(answer->status, 200);
    CAF_CHECK_EQUAL(answer->body, "stats\n");
  }
}

CAF_TEST(two servers never share a port) {
  auto taken = server->address().substr(std::string{"http://"}.size());
  auto second = start(taken);
  CAF_REQUIRE(std::holds_alternative<std::string>(second));
  const auto& why = std::get<std::string>(second);
  CAF_CHECK_NOT_EQUAL(why.find(taken), std::string::npos);
  CAF_CHECK_NOT_EQUAL(why.find("set http.listen"), std::string::npos);
  auto nowhere = start("192.0.2.1:8080");
  CAF_CHECK(std::holds_alternative<std::string>(nowhere));
}

CAF_TEST(stopping answers all requests that wait) {
  auto version = assignment()["version"].dump();
  std::atomic<int> ended = 0;
  std::thread poll{[&] {
    client().Get("/v1/assignment?wait=30s&version=" + version);
    ++ended;
  }};
  std::atomic<bool> follows = false;
  std::thread follower{[&] {
    client().Get("/v1/events", [&](const char*, std::size_t) {
      follows = true;
      return true;
    });
    ++ended;
  }};
  CAF_CHECK(eventually(20s, [&] { return follows.load(); }));
  server->stop();
  poll.join();
  follower.join();
  CAF_CHECK_EQUAL(ended.load(), 2);
}

CAF_TEST(a follower receives the last event of a server that stops) {
  std::atomic<bool> follows = false;
  std::string heard;
  std::thread follower{[&] {
    client().Get("/v1/events", [&](const char* data, std::size_t size) {
      heard.append(data, size);
      follows = true;
      return true;
    });
  }};
  CAF_CHECK(eventually(20s, [&] { return follows.load(); }));
  CAF_MESSAGE("the follower is still busy with the first of them when the server stops");
  for (auto i = 0; i < 200; ++i)
    caf::anon_send(application, alert_raised{});
  caf::anon_send(application, worker_stopped{{"worker-3"}, {}});
  server->stop();
  follower.join();
  CAF_CHECK(heard.find("event: stopped\n") != std::string::npos);
}

CAF_TEST_FIXTURE_SCOPE_END()
