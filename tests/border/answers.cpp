// SPDX-License-Identifier: Apache-2.0
// Subjects that the connection answers by itself.
#include "partita/tests/border/fixture.hpp"
#include "partita/tests/support/eventually.hpp"

#include <optional>
#include <thread>

using namespace partita;
using namespace partita::test;

namespace {

using steady = std::chrono::steady_clock;

/// Another client of the same server, which asks.
class asker {
public:
  explicit asker(const nats_server& server)
      : connection_({.url = {server.url()}}), port_(connection_.open_port(sink_)) {
    EXPECT_TRUE(sink_->wait_up());
  }

  ~asker() { connection_.close(); }

  /// Whether a client answers; false: the server knows no subscriber. Asks again where no
  /// answer comes: a question may meet a subscription that is being removed.
  bool finds(const std::string& subject) {
    for (auto end = steady::now() + recorder::patience; steady::now() < end;) {
      auto ticket = ++tickets_;
      auto ups = sink_->with([&] { return sink_->ups_; });
      auto sent = connection_.request(port_, ticket, subject, {}, {});
      if (sent.status != nats::send_status::sent)
        sink_->wait([&] { return sink_->ups_ > ups; });
      else if (auto answer = answer_within(ticket, 200ms))
        return answer->status() == 0;
    }
    ADD_FAILURE() << "no answer";
    return false;
  }

  /// Waits until `finds` gives `found`: only the server knows who subscribes where, and
  /// reports no change.
  bool until(bool found, const std::string& subject) {
    return eventually(recorder::patience, [&] { return finds(subject) == found; });
  }

private:
  std::optional<nats::message> answer_within(std::uint64_t ticket,
                                             std::chrono::milliseconds time) {
    if (!sink_->wait([&] { return sink_->answers_.count(ticket) > 0; }, time))
      return std::nullopt;
    return sink_->wait_answer(ticket);
  }

  std::shared_ptr<recorder> sink_ = std::make_shared<recorder>();
  nats::connection connection_;
  nats::connection::port port_;
  std::uint64_t tickets_ = 0;
};

} // namespace

TEST_F(border, a_subject_is_answered_until_it_is_ended) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  asker other{*server};
  EXPECT_FALSE(other.finds("some.one"));
  connection->answer(port, "some.one");
  EXPECT_TRUE(other.until(true, "some.one"));
  EXPECT_FALSE(other.finds("some.other"));
  connection->answer_no_more("some.one");
  EXPECT_TRUE(other.until(false, "some.one"));
  connection->answer(port, "some.one");
  EXPECT_TRUE(other.until(true, "some.one"));
  // The connection answered by itself.
  sink->with([&] { EXPECT_TRUE(sink->news_.empty()); });
}

TEST_F(border, what_is_answered_ends_with_its_port) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  asker other{*server};
  auto own = std::make_shared<recorder>();
  auto mine = connection->open_port(own);
  connection->answer(mine, "some.one");
  connection->answer(port, "some.other");
  EXPECT_TRUE(other.until(true, "some.one"));
  EXPECT_TRUE(other.until(true, "some.other"));
  connection->close_port(mine);
  EXPECT_TRUE(other.until(false, "some.one"));
  EXPECT_TRUE(other.finds("some.other"));
}

TEST_F(border, what_was_asked_for_before_there_is_a_link_is_answered_with_it) {
  server = std::make_unique<nats_server>();
  server->kill();
  connect({.url = {server->url()}});
  connection->answer(port, "some.one");
  server->start();
  ASSERT_TRUE(sink->wait_up());
  asker other{*server};
  EXPECT_TRUE(other.until(true, "some.one"));
}

TEST_F(border, a_new_link_answers_by_the_time_it_is_told) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  connection->answer(port, "some.one");
  for (int round = 1; round <= 3; ++round) {
    server->kill();
    ASSERT_TRUE(sink->wait_down());
    server->start();
    ASSERT_TRUE(sink->wait([&] { return sink->ups_ == round + 1; }));
    // Behind our subscription on the same link, so the server has seen it before this.
    EXPECT_EQ(answer_to("some.one").status(), 0);
    EXPECT_EQ(answer_to("some.other").status(), 503);
  }
}

TEST_F(border, a_subscription_that_is_not_permitted_is_named_and_tried_once) {
  begin({.config = R"(authorization { users: [ { user: me, password: p,
      permissions: { subscribe: { deny: "closed.>" } } } ] })"},
        {.user = "me", .password = "p"});
  ASSERT_TRUE(sink->wait_up());
  connection->answer(port, "closed.door");
  ASSERT_TRUE(sink->wait([&] { return !sink->denials_.empty(); }));
  sink->with([&] {
    EXPECT_EQ(sink->denials_.front().first, "");
    EXPECT_NE(sink->denials_.front().second.find("closed.door"), std::string::npos);
  });
  connection->answer(port, "open.door");
  // Answers come in order: by the last of them a second try would have been named.
  while (answer_to("open.door").status() != 0)
    std::this_thread::yield();
  sink->with([&] { EXPECT_EQ(sink->denials_.size(), 1u); });
}

TEST_F(border, answers_come_and_go_under_load) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  std::atomic<bool> enough{false};
  std::vector<std::thread> crew;
  for (int i = 0; i < 2; ++i)
    crew.emplace_back([&, i] {
      auto own = connection->open_port(std::make_shared<recorder>());
      auto subject = "busy." + std::to_string(i);
      while (!enough) {
        connection->answer(own, subject);
        connection->request(port, ++tickets, subject, {}, {});
        connection->answer_no_more(subject);
      }
      connection->answer(own, subject);
    });
  crew.emplace_back([&] {
    asker other{*server};
    while (!enough)
      other.finds("busy.0");
  });
  ASSERT_TRUE(sink->wait([&] { return sink->answers_.size() > 2000; }));
  server->kill();
  EXPECT_TRUE(sink->wait_down());
  server->start();
  EXPECT_TRUE(sink->wait([&] { return sink->ups_ == 2; }));
  enough = true;
  for (auto& x : crew)
    x.join();
  asker other{*server};
  EXPECT_TRUE(other.until(true, "busy.0"));
  EXPECT_TRUE(other.until(true, "busy.1"));
}
