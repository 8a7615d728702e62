// SPDX-License-Identifier: Apache-2.0
// How long a scrape of the leader's /metrics takes while 1,000 partitions move: ten
// `partita run` on a nats-server of this program's, scraped over HTTP.
//
//   build/bin/partita-bench-metrics [--json FILE] [ROUNDS]
//
// 2,000 partitions are shared by five workers. In each of ROUNDS (10) five more join,
// which moves 1,000 partitions to them, and drain, which moves them back. Meanwhile the
// leader is scraped every 5 ms. Only scrapes between the first and the last move of a
// round count.

#include "results.hpp"

#include "../tests/support/eventually.hpp"
#include "../tests/support/nats_server.hpp"

#include <httplib.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
using milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t staying = 5;
constexpr int partitions = 2000;
constexpr int moving = partitions / 2;
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

/// One `partita run`; killed at the end unless it has ended.
class worker {
public:
  worker(const std::filesystem::path& config, std::filesystem::path log)
      : log_{std::move(log)} {
    std::vector<std::string> arguments{PARTITA_PROGRAM, "run", "-c", config.string()};
    std::vector<char*> argv;
    for (auto& x : arguments)
      argv.push_back(x.data());
    argv.push_back(nullptr);
    pid_ = fork();
    if (pid_ == 0) {
      // Only calls that are safe between fork and exec of a program with threads.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      auto file = open(log_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
      dup2(file, STDOUT_FILENO);
      dup2(file, STDERR_FILENO);
      execv(argv[0], argv.data());
      _exit(127);
    }
  }

  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;

  ~worker() {
    kill(pid_, SIGKILL);
    wait();
  }

  void drain() const { kill(pid_, SIGTERM); }

  void wait() {
    if (!std::exchange(ended_, true))
      waitpid(pid_, nullptr, 0);
  }

  /// The HTTP address, from its log.
  std::string address() const {
    const std::string words = "HTTP at ";
    std::string result;
    auto said = partita::test::eventually(20s, [&] {
      std::ifstream in{log_};
      for (std::string line; std::getline(in, line) && result.empty();)
        if (auto at = line.find(words); at != std::string::npos && !in.eof())
          result = line.substr(at + words.size());
      return !result.empty();
    });
    if (!said)
      throw std::runtime_error{"no HTTP address in " + log_.string()};
    return result;
  }

private:
  std::filesystem::path log_;
  pid_t pid_ = 0;
  bool ended_ = false;
};

class group {
public:
  group() {
    std::ofstream{config_} << "[group]\nname = \"bench\"\n[nats]\nurl = \""
                           << server_.url()
                           << "\"\n[partitions]\nprefix = \"p\"\ncount = " << partitions
                           << "\n[http]\nlisten = \"127.0.0.1:0\"\n[rebalance]\n"
                              "cold_start_window = \"2s\"\n"
                              "planned_scale_window = \"1s\"\n"
                              "settle_time = \"300ms\"\nmin_interval = \"100ms\"\n";
  }

  void start() {
    for (std::size_t i = 0; i < staying; ++i)
      workers_.push_back(std::make_unique<worker>(
          config_, server_.dir() / (std::to_string(++started_) + ".log")));
    if (addresses_.empty())
      for (const auto& x : workers_)
        addresses_.push_back(x->address());
  }

  /// All but the workers that stay.
  void drain() {
    for (auto i = staying; i < workers_.size(); ++i)
      workers_[i]->drain();
  }
  void wait_for_drained() {
    for (; workers_.size() > staying; workers_.pop_back())
      workers_.back()->wait();
  }

  /// Scrapes the leader; it is one of the workers that stay.
  scrape ask() {
    for (auto until = clock_type::now() + patience; clock_type::now() < until;
         std::this_thread::sleep_for(5ms)) {
      scrape result;
      httplib::Client client{addresses_.at(leader_)};
      auto begun = clock_type::now();
      auto answer = client.Get("/metrics");
      result.took = clock_type::now() - begun;
      if (!answer || answer->status != 200)
        throw std::runtime_error{"no answer from " + addresses_[leader_]};
      result.text = std::move(answer->body);
      if (value_of(result.text, "partita_leader") == 1.0)
        return result;
      leader_ = (leader_ + 1) % staying;
    }
    throw std::runtime_error{"no leader"};
  }

  /// Scrapes until so many moves have happened and nothing is under way; returns what was
  /// scraped while something was.
  std::vector<scrape> ask_until(double moves) {
    auto before = ask().moves();
    std::vector<scrape> result;
    for (auto until = clock_type::now() + patience; clock_type::now() < until;
         std::this_thread::sleep_for(5ms)) {
      auto x = ask();
      auto over = x.all_owned() && x.moves() >= before + moves;
      if (!x.all_owned() || x.moves() > before)
        result.push_back(std::move(x));
      if (over)
        return result;
    }
    throw std::runtime_error{"the partitions did not move in time"};
  }

private:
  partita::test::nats_server server_;
  std::filesystem::path config_{server_.dir() / "metrics.toml"};
  std::vector<std::unique_ptr<worker>> workers_;
  std::size_t started_ = 0;
  /// Of the workers that stay.
  std::vector<std::string> addresses_;
  std::size_t leader_ = 0;
};

void print(const char* what, std::vector<scrape>& xs, partita::bench::results& into) {
  if (xs.empty())
    return;
  std::sort(xs.begin(), xs.end(),
            [](const auto& x, const auto& y) { return x.took < y.took; });
  std::printf("%-22s %5zu answers of %zu bytes: median %6.2f ms, worst %6.2f ms\n", what,
              xs.size(), xs.back().text.size(), xs[xs.size() / 2].took.count(),
              xs.back().took.count());
  std::fflush(stdout);
  into.add(std::string{what} + "/median", xs[xs.size() / 2].took.count(), "ms");
  into.add(std::string{what} + "/worst", xs.back().took.count(), "ms");
}

void keep(std::vector<scrape>& to, std::vector<scrape> what) {
  std::move(what.begin(), what.end(), std::back_inserter(to));
}

} // namespace

int main(int argc, char** argv) {
  auto json = partita::bench::take_json_path(argc, argv);
  auto rounds = argc > 1 ? std::stoi(argv[1]) : 10;
  group g;
  g.start();
  g.ask_until(0);
  std::vector<scrape> out;
  std::vector<scrape> back;
  for (int i = 0; i < rounds; ++i) {
    g.start();
    keep(out, g.ask_until(moving));
    g.drain();
    keep(back, g.ask_until(moving));
    g.wait_for_drained();
  }
  partita::bench::results all;
  print("1,000 move to new ones", out, all);
  print("1,000 move back", back, all);
  std::vector<scrape> idle;
  for (int i = 0; i < 200; ++i)
    idle.push_back(g.ask());
  print("nothing moves", idle, all);
  all.write(json);
}
