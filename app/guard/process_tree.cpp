// SPDX-License-Identifier: Apache-2.0
#include "partita/app/guard/process_tree.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <system_error>

#include <unistd.h>

// glibc 2.36 forgot to do so in the header.
extern "C" {
#include <sys/pidfd.h>
}

namespace partita::app {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// The folders of /proc, or of its `task`, that are numbers.
std::vector<pid_t> numbers_in(const fs::path& folder) {
  std::vector<pid_t> result;
  std::error_code ended;
  for (fs::directory_iterator i{folder, ended}, end; !ended && i != end;
       i.increment(ended)) {
    auto name = i->path().filename().string();
    pid_t number = 0;
    auto read = std::from_chars(name.data(), name.data() + name.size(), number);
    if (read.ec == std::errc{} && read.ptr == name.data() + name.size())
      result.push_back(number);
  }
  return result;
}

/// proc(5), /proc/pid/stat: "pid (name) state ppid ... starttime ...". The name may hold
/// anything, brackets too.
std::optional<found_process> process_in(const std::string& stat, pid_t pid) {
  constexpr int fields_from_parent_to_start = 18;
  auto open = stat.find('(');
  auto close = stat.rfind(')');
  if (open == std::string::npos || close == std::string::npos)
    return std::nullopt;
  found_process result;
  result.pid = pid;
  result.name = stat.substr(open + 1, close - open - 1);
  std::istringstream rest{stat.substr(close + 1)};
  std::string skipped;
  rest >> result.state >> result.parent;
  for (int i = 1; i < fields_from_parent_to_start; ++i)
    rest >> skipped;
  rest >> result.began;
  return rest ? std::optional{result} : std::nullopt;
}

std::optional<found_process> find(pid_t pid) {
  return process_in(text_of("/proc/" + std::to_string(pid) + "/stat"), pid);
}

} // namespace

std::vector<found_process> processes_below(pid_t root) {
  std::multimap<pid_t, found_process> children;
  for (auto pid : numbers_in("/proc"))
    if (auto x = find(pid))
      children.emplace(x->parent, *x);
  std::vector<found_process> result;
  std::vector<pid_t> parents{root};
  // Numbers are used again: what looks like a circle is not walked twice.
  std::set<pid_t> met{root};
  while (!parents.empty()) {
    auto [begin, end] = children.equal_range(parents.back());
    parents.pop_back();
    for (auto i = begin; i != end; ++i) {
      if (!met.insert(i->second.pid).second)
        continue;
      parents.push_back(i->second.pid);
      if (i->second.state != 'Z' && i->second.state != 'X')
        result.push_back(i->second);
    }
  }
  return result;
}

bool kill_process(const found_process& x) {
  auto fd = ::pidfd_open(x.pid, 0);
  // From here on the descriptor names one process, whatever becomes of the number.
  auto now = find(x.pid);
  auto result = true;
  if (now && now->began == x.began) {
    auto sent = fd >= 0 && ::pidfd_send_signal(fd, SIGKILL, nullptr, 0) == 0;
    // Some sandboxes do not support pidfds.
    if (!sent && ::kill(x.pid, SIGKILL) != 0)
      result = errno == ESRCH;
  }
  if (fd >= 0)
    ::close(fd);
  return result;
}

std::string what_threads_do(pid_t pid) {
  auto tasks = fs::path{"/proc"} / std::to_string(pid) / "task";
  // How many do the same.
  std::map<std::string, int> all;
  for (auto thread : numbers_in(tasks)) {
    auto folder = tasks / std::to_string(thread);
    auto x = process_in(text_of(folder / "stat"), thread);
    if (!x)
      continue;
    std::string text{x->state};
    auto where = text_of(folder / "wchan");
    if (!where.empty() && where != "0")
      text += " in " + where;
    ++all[text];
  }
  std::string result;
  for (const auto& [what, count] : all)
    result += (result.empty() ? "" : ", ") + std::to_string(count) + " " + what;
  return result;
}

} // namespace partita::app
