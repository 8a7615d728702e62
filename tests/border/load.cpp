// SPDX-License-Identifier: Apache-2.0
// Many threads at once: what ThreadSanitizer is here for.
#include "partita/tests/border/fixture.hpp"
#include "partita/tests/support/eventually.hpp"

#include <set>
#include <thread>

using namespace partita;
using namespace partita::test;

namespace {

std::uint64_t sequence_in(const nats::message& x) {
  auto ack = nats::parse_publish_ack(x.data);
  auto* good = std::get_if<nats::publish_ack>(&ack);
  return good ? good->sequence : 0;
}

/// Threads that end with the scope.
class crew {
public:
  template <class Work>
  void add(Work work) {
    threads_.emplace_back([this, work] {
      while (!enough_)
        work();
    });
  }

  ~crew() {
    enough_ = true;
    for (auto& x : threads_)
      x.join();
  }

private:
  std::atomic<bool> enough_{false};
  std::vector<std::thread> threads_;
};

} // namespace

TEST_F(border, concurrent_publishers_each_get_their_own_answers_once) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  make_bucket("load");
  constexpr std::uint64_t per_thread = 500;
  constexpr std::uint64_t thread_count = 4;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < thread_count; ++t)
    threads.emplace_back([=, this] {
      for (std::uint64_t i = 0; i < per_thread; ++i) {
        auto sent = connection->request(port, 1'000'000 * (t + 1) + i,
                                        "$KV.load.k" + std::to_string(t),
                                        {{"Some-Header", "x"}}, "value");
        EXPECT_EQ(sent.status, nats::send_status::sent) << sent.why;
      }
    });
  for (auto& x : threads)
    x.join();
  auto total = thread_count * per_thread + 1;
  // The recorder counts `unguarded_` outside of its lock if the race is planted;
  // otherwise it is not written.
  EXPECT_TRUE(sink->wait(
      [&] { return sink->unguarded_ >= 0 && sink->answers_.size() == total; }));
  std::set<std::uint64_t> sequences;
  sink->with([&] {
    for (const auto& [ticket, answers] : sink->answers_) {
      EXPECT_EQ(answers.size(), 1u);
      if (ticket >= 1'000'000)
        sequences.insert(sequence_in(answers.front()));
    }
  });
  EXPECT_EQ(sequences.size(), thread_count * per_thread);
  EXPECT_EQ(sequences.count(0), 0u);
}

TEST_F(border, inboxes_come_and_go_while_messages_arrive) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  std::mutex mutex;
  std::string target;
  // Without a limit the senders of a busy machine are minutes ahead of its server.
  int left = 0;
  crew senders;
  for (int i = 0; i < 2; ++i)
    senders.add([&] {
      std::string to;
      {
        std::lock_guard guard{mutex};
        if (left > 0) {
          to = target;
          --left;
        }
      }
      if (!to.empty())
        connection->publish(to, "news");
    });
  for (std::uint64_t number = 1; number <= 200; ++number) {
    auto inbox = connection->listen(port, number);
    ASSERT_EQ(inbox.result.status, nats::send_status::sent) << inbox.result.why;
    {
      std::lock_guard guard{mutex};
      target = inbox.subject;
      left = 1000;
    }
    ASSERT_TRUE(sink->wait([&] { return sink->news_.count(number) > 0; }));
    connection->unlisten(port, number);
  }
  // The library's part of it goes as well; no event tells.
  EXPECT_TRUE(
      eventually(recorder::patience, [&] { return connection->open_inboxes() == 0; }));
}

TEST_F(border, ports_come_and_go_under_load) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  std::atomic<std::uint64_t> next{1};
  crew users;
  for (int i = 0; i < 3; ++i)
    users.add([&] {
      auto own = std::make_shared<recorder>();
      auto mine = connection->open_port(own);
      auto inbox = connection->listen(mine, 1);
      connection->publish(inbox.subject, "x");
      connection->request(mine, next++, "$JS.API.INFO", {}, {});
      connection->wake_at(mine, std::chrono::steady_clock::now() + 1ms);
      EXPECT_TRUE(own->wait_up());
      EXPECT_TRUE(own->wait([&] { return !own->answers_.empty() && own->wakes_ == 1; }));
      connection->close_port(mine);
    });
  EXPECT_TRUE(eventually(recorder::patience, [&] { return next > 300; }));
}

TEST_F(border, a_server_that_dies_under_load_is_found_again) {
  begin();
  ASSERT_TRUE(sink->wait_up());
  make_bucket("b");
  std::atomic<std::uint64_t> sent{0}, refused{0};
  crew senders;
  for (int i = 0; i < 2; ++i)
    senders.add([&] {
      auto x = connection->request(port, ++tickets, "$KV.b.key", {}, "value");
      ++(x.status == nats::send_status::sent ? sent : refused);
      // A pace and no wait: unchecked, they would fill the connection while it is down.
      std::this_thread::sleep_for(100us);
    });
  for (int round = 1; round <= 3; ++round) {
    auto before = sink->with([&] { return sink->answers_.size(); });
    EXPECT_TRUE(sink->wait([&] { return sink->answers_.size() > before; }));
    server->kill();
    EXPECT_TRUE(sink->wait_down());
    server->start();
    EXPECT_TRUE(sink->wait([&] { return sink->ups_ == round + 1; }));
  }
  EXPECT_GT(sent, 0u);
  EXPECT_GT(refused, 0u);
}

TEST_F(border, closing_under_load_ends_all_calls) {
  for (int round = 0; round < 10; ++round) {
    sink = std::make_shared<recorder>();
    begin();
    ASSERT_TRUE(sink->wait_up());
    {
      // Before the senders, who use it to their end.
      auto inbox = connection->listen(port, 1);
      crew senders;
      for (int i = 0; i < 2; ++i)
        senders.add([&] {
          connection->publish(inbox.subject, "x");
          connection->request(port, ++tickets, "$JS.API.INFO", {}, {});
        });
      senders.add([&] {
        auto number = ++tickets + 1'000'000;
        connection->listen(port, number);
        connection->unlisten(port, number);
      });
      ASSERT_TRUE(sink->wait([&] { return sink->answers_.size() > 20; }));
      connection->close();
      auto answers = sink->with([&] { return sink->answers_.size(); });
      auto news = sink->with([&] { return sink->news_[1].size(); });
      EXPECT_EQ(connection->publish(inbox.subject, "x").status,
                nats::send_status::not_connected);
      EXPECT_EQ(answers, sink->with([&] { return sink->answers_.size(); }));
      EXPECT_EQ(news, sink->with([&] { return sink->news_[1].size(); }));
    }
    EXPECT_EQ(sink.use_count(), 1) << "something of the connection still holds the sink";
    connection.reset();
  }
}
