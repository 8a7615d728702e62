// SPDX-License-Identifier: Apache-2.0
// What one user of a connection sees.
#include "partita/tests/border/fixture.hpp"

#include "partita/store/nats/client/nkey.hpp"

#include <fstream>

using namespace partita;
using namespace partita::test;

TEST_F(border, an_answer_comes_under_its_ticket) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  auto x = answer_to("$JS.API.INFO");
  EXPECT_NE(x.data.find("account_info_response"), std::string::npos);
  EXPECT_EQ(x.status(), 0);
}

TEST_F(border, where_nobody_answers_the_server_says_so) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  EXPECT_EQ(answer_to("no.responder").status(), 503);
}

TEST_F(border, the_servers_version_is_learnt) {
  begin();
  EXPECT_TRUE(sink->wait([&] { return !sink->version_.empty(); }));
}

TEST_F(border, before_the_first_link_nothing_is_sent) {
  connect({.url = {"nats://127.0.0.1:1"}});
  ASSERT_TRUE(sink->wait_why("127.0.0.1:1"));
  auto x = ask("a.b");
  EXPECT_EQ(x.status, nats::send_status::not_connected);
  EXPECT_NE(x.why.find("cannot connect"), std::string::npos) << x.why;
}

TEST_F(border, what_is_asked_while_the_server_is_away_is_not_sent_later) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  make_bucket("b");
  server->kill();
  ASSERT_TRUE(sink->wait_down());
  EXPECT_EQ(ask("$KV.b.key", "late").status, nats::send_status::not_connected);
  server->start();
  ASSERT_TRUE(sink->wait_up());
  auto text = answer_to("$JS.API.STREAM.INFO.KV_b").data;
  auto info = nats::parse_stream(text);
  ASSERT_TRUE(std::holds_alternative<nats::stream_info>(info)) << text;
  EXPECT_EQ(std::get<nats::stream_info>(info).last_sequence, 0u);
}

TEST_F(border, a_server_has_the_same_name_until_it_is_restarted) {
  auto process = [&] { return sink->with([&] { return sink->server_.process; }); };
  begin();
  ASSERT_TRUE(sink->wait_up());
  auto first = process();
  EXPECT_NE(first, "");
  server->freeze();
  ASSERT_TRUE(sink->wait_down());
  server->thaw();
  ASSERT_TRUE(sink->wait_up());
  EXPECT_EQ(process(), first);
  server->restart();
  ASSERT_TRUE(
      sink->wait([&] { return sink->up_ > 0 && sink->server_.process != first; }));
}

TEST_F(border, a_frozen_server_counts_as_lost_and_comes_back) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  server->freeze();
  auto begun = std::chrono::steady_clock::now();
  ASSERT_TRUE(sink->wait_down());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 2s);
  server->thaw();
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border, a_server_that_is_to_be_left_is_left_for_another_one) {
  nats_server first;
  nats_server second;
  connect({.url = {first.url(), second.url()}});
  ASSERT_TRUE(sink->wait_up());
  for (int round = 0; round < 3; ++round) {
    auto before = sink->server_.url;
    connection->move_on("no watch");
    ASSERT_TRUE(sink->wait_why(before + " was left for another server: no watch"));
    ASSERT_TRUE(sink->wait([&] { return sink->up_ && sink->server_.url != before; }));
  }
}

TEST_F(border, servers_that_ran_together_have_one_name_until_one_is_restarted) {
  nats_server first;
  nats_server second;
  connect({.url = {first.url(), second.url()}});
  auto now = [&] { return sink->with([&] { return sink->server_; }); };
  auto move = [&] {
    auto before = now().url;
    connection->move_on("a test");
    EXPECT_TRUE(sink->wait([&] { return sink->up_ && sink->server_.url != before; }));
    return now().process;
  };
  ASSERT_TRUE(sink->wait_up());
  auto name = now().process;
  for (const auto& x : connection->survey("KV_b", "$KV.b.key"))
    EXPECT_NE(x.status, read_status::unknown) << x.why;
  EXPECT_EQ(move(), name);
  EXPECT_EQ(move(), name);
  auto& other = now().url == first.url() ? second : first;
  other.restart();
  EXPECT_NE(move(), name);
  EXPECT_EQ(move(), name);
}

TEST_F(border, the_only_server_is_not_left) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  connection->move_on("no watch");
  make_bucket("b");
  EXPECT_TRUE(sink->whys_.size() < 2);
}

TEST_F(border, writing_to_a_frozen_server_blocks_nobody_for_long) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  server->freeze();
  std::string large(500'000, 'x');
  auto longest = std::chrono::steady_clock::duration{0};
  while (sink->with([&] { return sink->up_ > 0; })) {
    auto begun = std::chrono::steady_clock::now();
    connection->publish("some.where", large);
    longest = std::max(longest, std::chrono::steady_clock::now() - begun);
  }
  EXPECT_LT(longest, 1s);
  server->thaw();
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border, closing_while_the_server_is_frozen_takes_no_long_time) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  server->freeze();
  auto begun = std::chrono::steady_clock::now();
  connection->close();
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s);
}

TEST_F(border, a_message_over_the_limit_is_refused_with_the_sizes) {
  begin({.config = "max_payload: 1000"});
  ASSERT_TRUE(sink->wait_up());
  auto x = ask("some.where", std::string(1001, 'x'));
  EXPECT_EQ(x.status, nats::send_status::too_large);
  EXPECT_NE(x.why.find("1001"), std::string::npos) << x.why;
  EXPECT_NE(x.why.find("1000"), std::string::npos) << x.why;
  EXPECT_EQ(answer_to("no.responder", std::string(1000, 'x')).status(), 503);
  // Headers count.
  auto with_header =
      connection->request(port, 99, "no.responder", {{"A", "b"}}, std::string(990, 'x'));
  EXPECT_EQ(with_header.status, nats::send_status::too_large);
}

TEST_F(border, a_wrong_password_is_named_and_tried_again_without_end) {
  begin({.config = "authorization { user: me, password: right }"},
        {.user = "me", .password = "wrong"});
  ASSERT_TRUE(sink->wait_why("Authorization Violation"));
  sink->with([&] {
    EXPECT_EQ(sink->whys_.back().find("wrong"), std::string::npos) << sink->whys_.back();
  });
  server->reload("authorization { user: me, password: wrong }");
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border, rights_that_are_taken_away_are_named_and_their_return_is_noticed) {
  begin({.config = "authorization { user: me, password: right }"},
        {.user = "me", .password = "right"});
  ASSERT_TRUE(sink->wait_up());
  server->reload("authorization { user: me, password: other }");
  // Two refused tries end a connection of the library for good; ours goes on.
  ASSERT_TRUE(sink->wait_why("Authorization Violation"));
  server->reload("authorization { user: me, password: right }");
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border, a_token_opens_the_door) {
  begin({.config = "authorization { token: sesame }"}, {.token = "sesame"});
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border, a_publish_without_permission_is_named_with_its_subject) {
  begin({.config = R"(authorization { users: [ { user: me, password: p,
      permissions: { publish: { deny: "closed.>" } } } ] })"},
        {.user = "me", .password = "p"});
  ASSERT_TRUE(sink->wait_up());
  ask("closed.door");
  ASSERT_TRUE(sink->wait([&] { return !sink->denials_.empty(); }));
  sink->with([&] {
    EXPECT_EQ(sink->denials_.front().first, "closed.door");
    EXPECT_NE(sink->denials_.front().second.find("Permissions Violation"),
              std::string::npos);
  });
}

TEST_F(border, who_has_not_been_greeted_yet_hears_what_it_may_not) {
  /// Keeps the connection's thread, which greets, until it is let go.
  struct doorkeeper : recorder {
    void take(nats::event x) override {
      const auto* link = std::get_if<nats::link_event>(&x);
      auto up = link && link->up;
      recorder::take(std::move(x));
      if (up) {
        EXPECT_TRUE(wait([this] { return let_go; }));
      }
    }
    bool let_go = false;
  };
  auto keeper = std::make_shared<doorkeeper>();
  sink = keeper;
  begin({.config = R"(authorization { users: [ { user: me, password: p,
      permissions: { publish: { deny: "closed.>" } } } ] })"},
        {.user = "me", .password = "p"});
  ASSERT_TRUE(sink->wait_up());
  auto newcomer = std::make_shared<recorder>();
  auto asked =
      connection->request(connection->open_port(newcomer), 1, "closed.door", {}, {});
  EXPECT_EQ(asked.status, nats::send_status::sent);
  EXPECT_TRUE(newcomer->wait([&] { return !newcomer->denials_.empty(); }));
  EXPECT_EQ(newcomer->with([&] { return newcomer->ups_; }), 0);
  keeper->change([&] { keeper->let_go = true; });
  EXPECT_TRUE(newcomer->wait_up());
}

TEST_F(border, an_nkey_seed_file_opens_the_door) {
  // A seed made for this test alone.
  auto seed = std::string{"SUANCDVM3XDCXAUVRJ6KRUI6W5MKVKYTNZUTWHZKLCUDRHYVZWQRXV2BQU"};
  auto key = nats::public_nkey_of(seed);
  ASSERT_EQ(key.why_not, "");
  server = std::make_unique<nats_server>(nats_server_options{
      .config = "authorization { users: [ { nkey: " + key.text + " } ] }"});
  auto file = server->dir() / "user.nk";
  std::ofstream{file} << "-----BEGIN USER NKEY SEED-----\n" << seed << "\n------END\n";
  connect({.url = {server->url()}, .nkey_seed = file.string()});
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border, a_damaged_nkey_seed_is_named_without_showing_it) {
  auto seed = std::string{"SUANCDVM3XDCXAUVRJ6KAUI6W5MKVKYTNZUTWHZKLCUDRHYVZWQRXV2BQU"};
  auto key = nats::public_nkey_of(seed);
  EXPECT_NE(key.why_not, "");
  EXPECT_EQ(key.why_not.find(seed), std::string::npos);
  EXPECT_NE(nats::public_nkey_of_file("/nowhere/user.nk").why_not, "");
}

class border_tls : public border {
protected:
  std::string config() const {
    return "tls { cert_file: \"$DIR/cert.pem\", key_file: \"$DIR/key.pem\", ca_file: "
           "\"$DIR/ca.pem\", verify: "
           + std::string{mutual ? "true" : "false"} + " }";
  }

  void secure() {
    server = std::make_unique<nats_server>(nats_server_options{.scheme = "tls"});
    if (!make_certificates(server->dir()))
      GTEST_SKIP() << "no openssl program";
    server->configure(config());
    server->restart();
  }

  std::string at(const char* name) const { return (server->dir() / name).string(); }

  bool mutual = false;
};

TEST_F(border_tls, a_server_with_a_certificate_of_our_authority_is_trusted) {
  secure();
  connect({.url = {server->url()}, .tls_ca = at("ca.pem")});
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border_tls, a_server_of_another_authority_is_not_trusted) {
  secure();
  connect({.url = {server->url()}});
  EXPECT_TRUE(sink->wait_why("SSL"));
}

TEST_F(border_tls, a_server_may_demand_our_certificate) {
  mutual = true;
  secure();
  connect({.url = {server->url()},
           .tls_ca = at("ca.pem"),
           .tls_cert = at("cert.pem"),
           .tls_key = at("key.pem")});
  EXPECT_TRUE(sink->wait_up());
}

TEST_F(border_tls, tls_is_never_traded_for_clear_text) {
  server = std::make_unique<nats_server>(nats_server_options{.scheme = "tls"});
  connect({.url = {server->url()}});
  EXPECT_TRUE(sink->wait_why("cannot connect"));
  EXPECT_EQ(sink->with([&] { return sink->ups_; }), 0);
}
