// SPDX-License-Identifier: Apache-2.0
#include "fleet.hpp"

#include <poll.h>
#include <signal.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <utility>

namespace partita::bench {

using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

fleet::fleet(fleet_options options) : options_{std::move(options)} {
  set_partitions(options_.partitions);
  std::ofstream{config_file_} << config();
}

std::string fleet::config() const {
  // No plan before all are there, and no wait between two; all else has its default.
  auto result = "group.name = \"fleet\"\nnats.url = \"" + server_.url()
                + "\"\nlog.level = \"warn\"\nworker.id_max = 9999\npartitions.file = \""
                + partitions_file_.string()
                + "\"\nrebalance.cold_start_window = \"10m\""
                  "\nrebalance.expected_workers = "
                + std::to_string(options_.workers)
                + "\nrebalance.min_interval = \"0s\""
                  "\ntimeouts.startup = \"5m\"\ntimeouts.shutdown = \"5m\"\n";
  for (const auto& x : options_.settings)
    result += x + '\n';
  return result;
}

void fleet::start() {
  start_worker(0);
  wait("there was a leader", [this] { return leader().has_value(); });
  for (std::size_t i = 1; i < options_.workers; ++i)
    start_worker(options_.hosts == 1 ? 0 : 1 + (i - 1) % (options_.hosts - 1));
}

void fleet::add_worker() {
  start_worker(options_.hosts - 1);
}

void fleet::start_worker(std::size_t host) {
  auto number = started_++;
  if (options_.program) {
    members_[number] = {new_process()};
    return;
  }
  while (hosts_.size() <= host)
    hosts_.push_back(new_process());
  hosts_[host]->send("add " + std::to_string(number) + '\n');
  members_[number] = {hosts_[host]};
}

std::shared_ptr<process> fleet::new_process() const {
  std::vector<std::string> arguments{"/proc/self/exe", "--host", config_file_.string()};
  if (options_.program)
    arguments = {PARTITA_PROGRAM, "run", "-c", config_file_.string(), "--events", "-"};
  return std::make_shared<process>(std::move(arguments),
                                   (server_.dir() / "fleet.log").string());
}

void fleet::remove_workers(std::size_t n) {
  for (auto i = members_.rbegin(); i != members_.rend() && n > 0; ++i) {
    auto& [number, x] = *i;
    if (x.leads || x.leaves)
      continue;
    x.leaves = true;
    --n;
    if (options_.program)
      ::kill(x.process->pid(), SIGTERM);
    else
      x.process->send("stop " + std::to_string(number) + '\n');
  }
}

std::int64_t fleet::kill_leader() {
  auto dead = members_.at(leader().value()).process;
  auto at = now_ns();
  dead->kill();
  for (auto i = members_.begin(); i != members_.end();) {
    auto died = i->second.process == dead;
    if (died)
      owners_.killed(i->first, at);
    i = died ? members_.erase(i) : std::next(i);
  }
  return at;
}

bool fleet::survives_its_leader() const {
  auto leads = members_.at(leader().value()).process;
  return std::any_of(members_.begin(), members_.end(),
                     [&](const auto& x) { return x.second.process != leads; });
}

void fleet::set_partitions(std::size_t count) {
  auto written = partitions_file_.string() + ".new";
  std::ofstream{written} << "prefix = \"p\"\ncount = " << count << '\n';
  std::filesystem::rename(written, partitions_file_);
  partitions_ = count;
}

void fleet::wait_until_even() {
  wait("each partition had one owner", [this] { return even(); });
}

bool fleet::even() const {
  std::set<std::size_t> stay;
  for (const auto& [number, x] : members_) {
    if (x.leaves)
      return false;
    stay.insert(number);
  }
  return leader() && owners_.even(partitions_, stay);
}

void fleet::wait(const char* what, const std::function<bool()>& holds) {
  auto until = clock_type::now() + options_.patience;
  while (!holds()) {
    if (clock_type::now() > until)
      throw std::runtime_error{std::string{"timed out waiting until "} + what + '\n'
                               + story()};
    listen_once(1s);
  }
}

void fleet::listen(std::chrono::milliseconds how_long) {
  auto until = clock_type::now() + how_long;
  for (auto now = clock_type::now(); now < until; now = clock_type::now())
    listen_once(std::chrono::ceil<std::chrono::milliseconds>(until - now));
}

void fleet::listen_once(std::chrono::milliseconds at_most) {
  std::vector<std::shared_ptr<process>> sources = hosts_;
  if (options_.program)
    for (const auto& [number, x] : members_)
      sources.push_back(x.process);
  std::vector<pollfd> fds;
  for (const auto& x : sources)
    fds.push_back({x->output(), POLLIN, 0});
  if (poll(fds.data(), fds.size(), static_cast<int>(at_most.count())) <= 0)
    return;
  for (std::size_t i = 0; i < fds.size(); ++i)
    if (fds[i].revents != 0 && sources[i]->running())
      read(*sources[i]);
}

void fleet::read(process& from) {
  std::size_t number = 0;
  if (options_.program)
    number = std::find_if(members_.begin(), members_.end(), [&](const auto& x) {
               return x.second.process.get() == &from;
             })->first;
  for (const auto& line : from.lines())
    if (!options_.program)
      take(from_line(line));
    else if (auto x = from_json(line, number))
      take(*x);
  auto gone = std::find_if(members_.begin(), members_.end(),
                           [](const auto& x) { return !x.second.process->running(); });
  if (gone != members_.end())
    throw std::runtime_error{"worker " + std::to_string(gone->first)
                             + " ended by itself\n" + story()};
}

void fleet::take(const event& x) {
  auto found = members_.find(x.worker);
  if (found == members_.end())
    return;
  auto& who = found->second;
  switch (x.what) {
  case event::kind::leads:
  case event::kind::deposed:
    who.leads = x.what == event::kind::leads;
    break;
  case event::kind::stopped:
    if (!who.leaves || !x.why.empty())
      throw std::runtime_error{"worker " + std::to_string(x.worker)
                               + " gave up: " + x.why};
    members_.erase(found);
    break;
  case event::kind::lost:
    ++sessions_lost_;
    [[fallthrough]];
  default:
    owners_.take(x);
  }
}

/// The only one; none while there are two, as the end of the first may be known late.
std::optional<std::size_t> fleet::leader() const {
  std::optional<std::size_t> result;
  for (const auto& [number, x] : members_)
    if (x.leads && std::exchange(result, number))
      return std::nullopt;
  return result;
}

void fleet::begin_phase() {
  owners_.begin_phase();
  sessions_lost_ = 0;
  for (auto pid : processes())
    forget_peak(pid);
}

pid_t fleet::leader_process() const {
  auto leads = leader();
  return leads ? worker_below(members_.at(*leads).process->pid()) : 0;
}

std::vector<pid_t> fleet::processes() const {
  std::set<pid_t> result;
  for (const auto& [number, x] : members_)
    result.insert(worker_below(x.process->pid()));
  return {result.begin(), result.end()};
}

std::string fleet::story() const {
  std::ifstream log{dir() / "fleet.log"};
  std::string result;
  for (std::string line; std::getline(log, line) && result.size() < 4000;)
    result += line + '\n';
  for (const auto& [number, x] : members_)
    if (number < 20)
      result += "worker " + std::to_string(number) + (x.leads ? ", leads" : "")
                + (x.leaves ? ", leaves" : "") + ": "
                + std::to_string(owners_.held_by(number)) + " partitions\n";
  return result;
}

} // namespace partita::bench
