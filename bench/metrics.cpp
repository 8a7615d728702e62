// How long /metrics takes while 1,000 partitions move: ten workers in one process, each with
// a connection of its own to a nats-server of this program's.
//
//   build/bin/partita-bench-metrics [ROUNDS]
//
// 2,000 partitions are shared by five workers. In each of ROUNDS (10) five more join, which
// moves 1,000 partitions to them, and leave, which moves them back. Meanwhile the leader's
// text is asked for every 5 ms. Only what was asked for between the first and the last move
// of a round counts.

#include "../tests/support/nats_server.hpp"

#include "partita/actors/static_source.hpp"
#include "partita/actors/supervisor.hpp"
#include "partita/app/metrics.hpp"
#include "partita/app/runtime.hpp"
#include "partita/core/strategies/strategies.hpp"
#include "partita/store/nats_store.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t staying = 5;
constexpr int partitions = 2000;
constexpr double moving = partitions / 2.0;
constexpr auto patience = 120s;

/// Some metric of a text: the sum over its labels, or nothing if it is not shown.
std::optional<double> value_of(const std::string& text, const std::string& metric) {
  std::optional<double> result;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with(metric + "{"))
      result = result.value_or(0) + std::stod(line.substr(line.rfind(' ')));
  return result;
}

struct scrape {
  std::string text;
  milliseconds took{0};
  double moves() const {
    return value_of(text, "partita_partition_moves_total").value_or(0);
  }
  bool all_owned() const {
    return value_of(text, "partita_partitions") == double{partitions}
           && value_of(text, "partita_partitions_unowned") == 0.0;
  }
};

class group {
public:
  explicit group(caf::actor_system& sys) : sys_{sys}, self_{sys} {
    std::vector<partita::partition> all;
    for (int i = 0; i < partitions; ++i)
      all.push_back({{"orders", std::to_string(i)}, 100});
    source_ = partita::spawn_static_source(sys, std::move(all));
    options_.group = "bench";
    options_.buckets = partita::bucket_options::of(options_.group);
    options_.strategy = partita::core::make_strategy({});
    options_.rebalance.cold_start_window = 2s;
    options_.rebalance.planned_scale_window = 1s;
    options_.rebalance.settle_time = 300ms;
    options_.rebalance.min_interval = 100ms;
    options_.shutdown = partita::leave_mode::drain;
  }

  group(const group&) = delete;
  group& operator=(const group&) = delete;

  ~group() {
    leave(0);
    caf::anon_send_exit(source_, caf::exit_reason::user_shutdown);
  }

  void start(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      member x;
      partita::nats_options nats;
      nats.urls = {server_.url()};
      x.store = partita::spawn_nats_store(sys_, nats);
      x.worker = partita::spawn_supervisor(sys_, options_, x.store, source_, {});
      x.metrics = partita::app::spawn_metrics(sys_);
      caf::anon_send(x.metrics, partita::app::observe{x.store, x.worker});
      members_.push_back(std::move(x));
    }
  }

  /// All but the first `stay` leave, the others take their partitions over.
  void tell_to_leave(std::size_t stay) {
    for (std::size_t i = stay; i < members_.size(); ++i)
      self_->send(members_[i].worker, partita::stop_worker{});
  }

  void leave(std::size_t stay) {
    if (stay == 0)
      for (auto& x : members_)
        self_->send(x.worker, partita::stop_worker{partita::leave_mode::stop});
    while (members_.size() > stay) {
      self_->receive([](const partita::worker_stopped&) {});
      auto x = std::move(members_.back());
      members_.pop_back();
      caf::anon_send_exit(x.metrics, caf::exit_reason::user_shutdown);
      self_->request(x.store, 10s, partita::close_store{})
          .receive([](partita::store_closed) {}, [](const caf::error&) {});
    }
  }

  /// Asks the leader; it is one of those who stay.
  scrape ask() {
    for (;;) {
      scrape result;
      auto& metrics = members_.at(leader_).metrics;
      auto begun = clock_type::now();
      self_->request(metrics, 10s, partita::app::get_metrics{})
          .receive([&](std::string& x) { result.text = std::move(x); },
                   [](const caf::error&) { throw std::runtime_error{"no answer"}; });
      result.took = clock_type::now() - begun;
      if (value_of(result.text, "partita_leader") == 1.0)
        return result;
      leader_ = (leader_ + 1) % std::min(staying, members_.size());
      std::this_thread::sleep_for(5ms);
    }
  }

  /// Asks until `moves` more have happened and nothing is under way; what was asked for
  /// while it was.
  std::vector<scrape> ask_until(double moves) {
    auto until = clock_type::now() + patience;
    auto before = ask().moves();
    std::vector<scrape> result;
    for (;;) {
      auto x = ask();
      auto over = x.all_owned() && x.moves() >= before + moves;
      if (!x.all_owned() || x.moves() > before)
        result.push_back(std::move(x));
      if (over)
        return result;
      if (clock_type::now() > until)
        throw std::runtime_error{"the partitions did not move in time"};
      std::this_thread::sleep_for(5ms);
    }
  }

private:
  struct member {
    partita::store_actor store;
    partita::supervisor_actor worker;
    partita::app::metrics_actor metrics;
  };

  partita::test::nats_server server_;
  caf::actor_system& sys_;
  caf::scoped_actor self_;
  partita::partition_source_actor source_;
  partita::worker_options options_;
  std::vector<member> members_;
  std::size_t leader_ = 0;
};

void print(const char* what, std::vector<scrape>& xs) {
  if (xs.empty())
    return;
  std::sort(xs.begin(), xs.end(),
            [](const auto& x, const auto& y) { return x.took < y.took; });
  std::printf("%-22s %5zu answers of %zu bytes: median %6.2f ms, worst %6.2f ms\n", what,
              xs.size(), xs.back().text.size(), xs[xs.size() / 2].took.count(),
              xs.back().took.count());
  std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
  auto rounds = argc > 1 ? std::stoi(argv[1]) : 10;
  partita::app::runtime_config cfg;
  caf::actor_system sys{cfg};
  group g{sys};
  g.start(staying);
  g.ask_until(partitions);
  std::vector<scrape> moving_out;
  std::vector<scrape> moving_back;
  auto keep = [](std::vector<scrape>& to, std::vector<scrape> what) {
    std::move(what.begin(), what.end(), std::back_inserter(to));
  };
  for (int i = 0; i < rounds; ++i) {
    g.start(staying);
    keep(moving_out, g.ask_until(moving));
    g.tell_to_leave(staying);
    keep(moving_back, g.ask_until(moving));
    g.leave(staying);
  }
  print("1,000 move to new ones", moving_out);
  print("1,000 move back", moving_back);
  std::vector<scrape> idle;
  for (int i = 0; i < 200; ++i)
    idle.push_back(g.ask());
  print("nothing moves", idle);
}
