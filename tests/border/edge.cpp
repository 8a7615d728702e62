// SPDX-License-Identifier: Apache-2.0
#include "fixture.hpp"

#include "partita/tests/support/eventually.hpp"
#include "partita/tests/support/tcp_proxy.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

/// NATS as companies run it: what lies between a program and its server, and what a person
/// reads where it does not fit.
namespace partita::test {

namespace {

/// Accepts connections, and does with each what it is made for.
class strange_service {
public:
  explicit strange_service(std::function<void(int)> serve) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(at);
    auto* generic = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(::bind(listener_, generic, size), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
    url = "nats://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    thread_ = std::thread{[this, serve = std::move(serve)] {
      for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(fd))
        serve(fd);
    }};
  }
  strange_service(const strange_service&) = delete;
  strange_service& operator=(const strange_service&) = delete;
  ~strange_service() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  std::string url;

private:
  int listener_ = -1;
  std::thread thread_;
};

} // namespace

class edge : public border {
protected:
  std::string last_why() {
    return sink->with(
        [&] { return sink->whys_.empty() ? std::string{} : sink->whys_.back(); });
  }

  /// What a person reads about a server at `url`.
  void fails(const std::string& url, const std::string& why, nats_options options = {}) {
    options.url = {url};
    options.connect_timeout = 1s;
    sink = std::make_shared<recorder>();
    connect(std::move(options));
    EXPECT_TRUE(sink->wait_why("cannot connect to " + url + ": " + why)) << last_why();
    connection->close();
  }
};

TEST_F(edge, each_cause_of_a_failure_has_a_text_of_its_own) {
  fails("nats://no-such-host.invalid:4222",
        "the name no-such-host.invalid cannot be resolved (");
  fails("nats://127.0.0.1:" + std::to_string(nats_server::free_port()),
        "Connection refused");
  strange_service other{
      [](int fd) { static_cast<void>(!::write(fd, "SSH-2.0-x\r\n", 11)); }};
  fails(other.url, "it is no server of NATS");
  strange_service tls_first{[](int fd) {
    char byte = 0;
    static_cast<void>(!::read(fd, &byte, 1));
  }};
  fails(tls_first.url, "it closes connections without a greeting: another service, or a "
                       "server that expects TLS first (handshake_first)");
}

TEST_F(edge, the_port_for_monitoring_is_named) {
  auto monitoring = nats_server::free_port();
  nats_server watched{
      {.config = "http: \"127.0.0.1:" + std::to_string(monitoring) + '"'}};
  fails(
      "nats://127.0.0.1:" + std::to_string(monitoring),
      "it is a port for HTTP, such as the server's monitoring; clients use another one, "
      "usually 4222");
}

TEST_F(edge, a_frozen_server_is_said_to_be_silent) {
  nats_server frozen;
  frozen.freeze();
  fails(frozen.url(),
        "it accepts connections and is silent: frozen, overloaded, or farther away "
        "than nats.connect_timeout allows?");
}

TEST_F(edge, a_client_certificate_that_is_demanded_is_named) {
  nats_server demanding;
  ASSERT_TRUE(make_certificates(demanding.dir()));
  demanding.kill();
  demanding.configure("tls { cert_file: \"$DIR/cert.pem\", key_file: \"$DIR/key.pem\", "
                      "ca_file: \"$DIR/ca.pem\", verify: true }");
  demanding.start();
  nats_options options;
  options.tls_ca = (demanding.dir() / "ca.pem").string();
  fails(demanding.url(),
        "it demands a client certificate; set nats.tls_cert and nats.tls_key", options);
}

TEST_F(edge, a_round_trip_of_260_ms_is_not_too_long) {
  server = std::make_unique<nats_server>();
  tcp_proxy far{server->port(), 130ms};
  nats_options options;
  options.url = {far.url()};
  connect(std::move(options));
  ASSERT_TRUE(sink->wait_up()) << last_why();
  make_bucket("b");
  EXPECT_FALSE(answer_to("$KV.b.key", "value").data.empty());
  EXPECT_TRUE(sink->wait([&] { return !sink->version_.empty(); }));
}

TEST_F(edge, a_domain_is_reached_over_a_leaf_node) {
  auto leafs = nats_server::free_port();
  nats_server hub{{.jetstream = false,
                   .config = "jetstream { store_dir: \"$DIR/store\", domain: hub "
                             "}\nleafnodes { listen: \"127.0.0.1:"
                             + std::to_string(leafs) + "\" }"}};
  nats_options options;
  options.domain = "hub";
  begin({.jetstream = false,
         .config = "jetstream { store_dir: \"$DIR/store\", domain: leaf }\nleafnodes { "
                   "remotes: [{ url: "
                   "\"nats://127.0.0.1:"
                   + std::to_string(leafs) + "\" }] }"},
        options);
  ASSERT_TRUE(sink->wait_up());
  // The leaf is connected to its hub.
  ASSERT_TRUE(eventually(
      15s, [&] { return answer_to("$JS.API.STREAM.INFO.KV_b").status() != 503; }));
  make_bucket("b");
  EXPECT_TRUE(std::holds_alternative<nats::publish_ack>(
      nats::parse_publish_ack(answer_to("$KV.b.key", "value").data)));
  auto stored = nats::parse_stored(
      answer_to("$JS.API.STREAM.MSG.GET.KV_b", nats::last_message_request("$KV.b.key"))
          .data);
  ASSERT_TRUE(std::holds_alternative<nats::stored_message>(stored));
  EXPECT_EQ(std::get<nats::stored_message>(stored).subject, "$KV.b.key");
  auto at_hub = nats::parse_stream(answer_to("$JS.API.STREAM.INFO.KV_b").data);
  EXPECT_EQ(std::get<nats::stream_info>(at_hub).domain, "hub");
  auto inbox = connection->listen(port, 1);
  nats::consumer_options wanted;
  wanted.stream = "KV_b";
  wanted.inbox = inbox.subject;
  auto consumer = nats::parse_consumer(
      answer_to("$JS.API.CONSUMER.CREATE.KV_b", nats::create_consumer_request(wanted))
          .data);
  EXPECT_TRUE(std::holds_alternative<nats::consumer_info>(consumer));
  EXPECT_TRUE(sink->wait([&] { return !sink->news_[1].empty(); }));
  connection->close();
  sink = std::make_shared<recorder>();
  options.domain.clear();
  options.url = {server->url()};
  connect(std::move(options));
  ASSERT_TRUE(sink->wait_up());
  auto at_leaf = nats::parse_stream(answer_to("$JS.API.STREAM.INFO.KV_b").data);
  EXPECT_TRUE(std::holds_alternative<nats::api_error>(at_leaf));
}

TEST_F(edge, answers_come_to_inboxes_of_the_prefix_that_is_permitted) {
  nats_options options;
  options.user = "me";
  options.password = "p";
  options.inbox_prefix = "_INBOX_me.a";
  begin({.config = "authorization { users: [{ user: me, password: p, permissions: { "
                   "publish: \">\", subscribe: \"_INBOX_me.>\" } }] }"},
        options);
  ASSERT_TRUE(sink->wait_up());
  make_bucket("b");
  EXPECT_FALSE(answer_to("$KV.b.key", "value").data.empty());
}

} // namespace partita::test
