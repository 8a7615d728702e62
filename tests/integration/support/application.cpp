// SPDX-License-Identifier: Apache-2.0
#include "application.hpp"

#include "../../support/eventually.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <stdexcept>
#include <utility>

namespace partita::test {

namespace {

/// The letter of its state in /proc; 0: there is no such process.
char state_of(int pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/stat"};
  std::string text;
  std::getline(in, text);
  auto end = text.rfind(") ");
  return end == std::string::npos ? '\0' : text[end + 2];
}

} // namespace

bool has_ended(int pid) {
  auto state = state_of(pid);
  return state == '\0' || state == 'Z';
}

// -- what they say ----------------------------------------------------------------------

work_log::reading work_log::read() const {
  reading result;
  /// With who worked under it.
  std::map<std::string, std::pair<std::uint64_t, int>> tokens;
  std::set<int> frozen;
  // What others began on what these still work on; and that before the last look at each.
  std::map<int, std::string> overlaps;
  std::map<int, std::string> looked;
  std::ifstream in{file_};
  for (std::string line; std::getline(in, line) && !in.eof();) {
    std::istringstream words{line};
    auto pid = 0;
    std::string what;
    std::string partition;
    std::uint64_t token = 0;
    words >> pid >> what >> partition >> token;
    if (what == "begin") {
      auto owner = result.works.find(partition);
      if (owner != result.works.end() && frozen.contains(owner->second))
        result.overtaken[owner->second].insert(partition);
      else if (owner != result.works.end())
        overlaps[owner->second] += "another one works on it: " + line + '\n';
      // Who has stopped at its deadline goes on under the same token if that is put off.
      auto& newest = tokens[partition];
      if (token < newest.first || (token == newest.first && pid != newest.second))
        result.violations += "the token did not grow: " + line + '\n';
      newest = {token, pid};
      result.works[partition] = pid;
    } else if (what == "end") {
      if (auto owner = result.works.find(partition);
          owner != result.works.end() && owner->second == pid)
        result.works.erase(owner);
      if (auto old = result.overtaken.find(pid); old != result.overtaken.end())
        old->second.erase(partition);
      result.ended.insert(pid);
    } else if (what == "frozen") {
      frozen.insert(pid);
    } else if (what == "thawed") {
      frozen.erase(pid);
    } else if (what == "look") {
      looked[pid] = overlaps[pid];
    } else if (what == "lives") {
      result.violations += std::exchange(looked[pid], {});
    } else if (what == "dead") {
      if (!looked.contains(pid))
        result.violations += overlaps[pid];
      overlaps.erase(pid);
      result.overtaken.erase(pid);
      std::erase_if(result.works, [&](const auto& x) { return x.second == pid; });
    }
  }
  for (const auto& [pid, text] : overlaps)
    result.violations += text;
  return result;
}

void work_log::note(int pid, const std::string& what) const {
  std::ofstream{file_, std::ios::app} << std::to_string(pid) + ' ' + what + '\n'
                                      << std::flush;
}

void work_log::freeze(int pid) const {
  ::kill(pid, SIGSTOP);
  if (!eventually(20s, [&] { return state_of(pid) == 'T'; }))
    throw std::runtime_error{"process " + std::to_string(pid) + " does not stop"};
  note(pid, "frozen");
}

std::chrono::milliseconds work_log::thaw(int pid) const {
  note(pid, "thawed");
  auto begin = std::chrono::steady_clock::now();
  ::kill(pid, SIGCONT);
  auto ended = eventually(20s, [&] {
    auto now = read();
    auto old = now.overtaken.find(pid);
    return old == now.overtaken.end() || old->second.empty();
  });
  if (!ended)
    throw std::runtime_error{"process " + std::to_string(pid)
                             + " goes on with what others work on"};
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - begin);
}

bool work_log::wait(const std::set<int>& who, std::size_t partitions,
                    std::chrono::milliseconds at_most) const {
  return eventually(at_most, [&] {
    auto now = read();
    std::set<int> working;
    for (const auto& [partition, pid] : now.works)
      working.insert(pid);
    return working == who && now.works.size() == partitions;
  });
}

// -- one process ------------------------------------------------------------------------

application_process::application_process(std::vector<std::string> program,
                                         const std::string& address, const work_log& log)
    : log_{log} {
  auto out = open(log.file().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  auto errors = log.file().string() + ".err";
  auto err = open(errors.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  std::vector<std::string> variables{"PARTITA_URL=" + address};
  if (const char* path = getenv("PATH"))
    variables.push_back(std::string{"PATH="} + path);
  auto pointers = [](std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (auto& x : texts)
      result.push_back(x.data());
    result.push_back(nullptr);
    return result;
  };
  auto argv = pointers(program);
  auto envp = pointers(variables);
  pid_ = fork();
  if (pid_ == 0) {
    // Only calls that are safe between fork and exec of a program with threads.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    execvpe(argv[0], argv.data(), envp.data());
    _exit(127);
  }
  close(out);
  close(err);
}

application_process::~application_process() {
  if (pid_ > 0)
    kill();
}

void application_process::kill() {
  ::kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  log_.died(pid_);
  pid_ = 0;
}

int start_application_below(process_group& group, const work_log& log,
                            const std::string& name, std::vector<std::string> arguments) {
  auto pid_file = (group.server().dir() / (name + ".pid")).string();
  std::ofstream{pid_file};
  arguments.insert(arguments.end(), {"--", "/bin/sh", "-c",
                                     "echo $$ >" + pid_file
                                         + "; exec python3 examples/sidecar/worker.py >>"
                                         + log.file().string() + " 2>/dev/null"});
  group.start(name, arguments);
  auto pid = 0;
  auto begun = eventually(std::chrono::seconds{30}, [&] {
    std::ifstream in{pid_file};
    return static_cast<bool>(in >> pid);
  });
  if (!begun)
    throw std::runtime_error{"the application of " + name + " does not start"};
  return pid;
}

std::string http_address(const process_group& group, const std::string& name,
                         std::size_t old_log) {
  const std::string before = "HTTP at ";
  std::string result;
  auto said = eventually(20s, [&] {
    auto log = group.log(name);
    auto at = log.find(before, old_log);
    auto end = log.find('\n', at);
    if (at == std::string::npos || end == std::string::npos)
      return false;
    result = log.substr(at + before.size(), end - at - before.size());
    return true;
  });
  if (!said)
    throw std::runtime_error{name + " says no HTTP address:\n" + group.log(name)};
  return result;
}

} // namespace partita::test
