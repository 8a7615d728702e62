// SPDX-License-Identifier: Apache-2.0
#include "partita/app/process/runtime.hpp"

#include "partita/actors/turns.hpp"
#include "partita/app/output/last_words.hpp"
#include "partita/app/output/line_writer.hpp"
#include "partita/app/output/log_lines.hpp"
#include "partita/app/output/terminal.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/exceptions.hpp"
#include "partita/messages/logging/log_context.hpp"

#include <caf/atom.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <chrono>
#include <memory>
#include <mutex>
#include <string_view>
#include <system_error>

#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

namespace partita::app {

namespace {

/// The message on one line: parts of it may come from the store or other workers.
class printable_message : public spdlog::custom_flag_formatter {
public:
  void format(const spdlog::details::log_msg& what, const std::tm&,
              spdlog::memory_buf_t& to) override {
    auto text = config::printable({what.payload.data(), what.payload.size()});
    to.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
    return std::make_unique<printable_message>();
  }
};

/// For programs (docs/operations.md, "Log lines").
class json_lines : public spdlog::formatter {
public:
  explicit json_lines(std::string group) : group_{std::move(group)} {}

  void format(const spdlog::details::log_msg& what, spdlog::memory_buf_t& to) override {
    auto level = spdlog::level::to_string_view(what.level);
    auto text = json_log_line(what.time, {level.data(), level.size()}, group_,
                              {what.payload.data(), what.payload.size()}, logged_context);
    to.append(text.data(), text.data() + text.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<json_lines>(group_);
  }

private:
  std::string group_;
};

std::unique_ptr<spdlog::formatter> formatter_for(const config::log_settings& s,
                                                 const std::string& group) {
  if (s.format == "json")
    return std::make_unique<json_lines>(group);
  auto result = std::make_unique<spdlog::pattern_formatter>();
  // Of a group's name no character has a meaning in a pattern.
  result->add_flag<printable_message>('*').set_pattern(
      "%Y-%m-%d %H:%M:%S.%e " + (group.empty() ? "" : group + ' ') + "%^%l%$ %*");
  return result;
}

/// Colours for terminals (ECMA-48, "select graphic rendition"), from trace to off.
constexpr std::array<std::string_view, spdlog::level::n_levels> colours{
    "\033[36m",        "\033[36m",        "\033[32m", "\033[33m\033[1m",
    "\033[31m\033[1m", "\033[1m\033[41m", "\033[36m"};

/// Formats a line and queues it: the caller never waits for the reader of stderr, or for a disk.
class queued_log : public spdlog::sinks::base_sink<std::mutex> {
public:
  explicit queued_log(line_writer::options to)
      : colours_{shows_colours(to.fd)}, writer_{std::move(to)} {}

  void reopen() { writer_.reopen(); }

protected:
  void sink_it_(const spdlog::details::log_msg& what) override {
    spdlog::memory_buf_t text;
    formatter_->format(what, text);
    std::string line{text.data(), text.size()};
    if (colours_ && what.color_range_end > what.color_range_start) {
      line.insert(what.color_range_end, "\033[m");
      line.insert(what.color_range_start, colours[what.level]);
    }
    if (!line.empty() && line.back() == '\n')
      line.pop_back();
    writer_.write(std::move(line));
  }

  /// The last word: nothing is written afterwards.
  void flush_() override { writer_.finish(std::chrono::seconds{1}); }

private:
  bool colours_;
  line_writer writer_;
};

/// Stderr, or the file; a descriptor below 0: errno says why it cannot be written.
line_writer::options log_target(const config::log_settings& s, const std::string& group) {
  const auto& file = s.file;
  line_writer::options result{.fd = STDERR_FILENO};
  if (!file.empty()) {
    result.open = [file] { return open_to_append(file); };
    result.fd = result.open();
    result.owned = true;
    result.failed = [file](int error) {
      last_words("partita: cannot write the log to " + config::printable(file) + ": "
                 + std::generic_category().message(error)
                 + "; this message is not repeated\n");
    };
  }
  result.gap = [name = file.empty() ? "stderr" : "its file", group,
                json = s.format == "json"](std::uint64_t lines) {
    auto text = std::to_string(lines) + " log lines were dropped here: " + name
                + " was not read or written in time";
    const log_context about{.component = "process", .fields = {{"lines", lines}}};
    return json ? json_log_line(std::chrono::system_clock::now(), "warning", group, text,
                                &about)
                : "partita: " + text;
  };
  return result;
}

/// One queue for all threads, and each turn is measured.
class measured_sharing : public caf::policy::work_sharing {
public:
  template <class Worker>
  void before_resume(Worker*, caf::resumable*) {
    begun_ = std::chrono::steady_clock::now();
  }

  template <class Worker>
  void after_resume(Worker*, caf::resumable*) {
    turns_here().add(std::chrono::steady_clock::now() - begun_);
  }

private:
  std::chrono::steady_clock::time_point begun_;
};

} // namespace

runtime_config::runtime_config() {
  // Work stealing polls: an idle worker would cost a quarter of a core.
  module_factories.emplace_back([](caf::actor_system& sys) -> caf::actor_system::module* {
    return new caf::scheduler::coordinator<measured_sharing>{sys};
  });
  // The session thread (docs/architecture.md, "Threads"): nothing on it blocks or computes for
  // long, so that it is enough for a thousand workers. A second one would be woken for each
  // message that the first sends and then handles itself.
  set("scheduler.max-threads", std::size_t{1});
  put(content, exceptions_end_process, true);
  // One actor with a full mailbox does not delay the others.
  set("scheduler.max-throughput", std::size_t{50});
}

bool start_logging(const config::log_settings& s, const std::string& group) {
  auto log = spdlog::get("partita");
  if (!log) {
    auto to = log_target(s, group);
    if (to.fd < 0)
      return false;
    log = std::make_shared<spdlog::logger>("partita",
                                           std::make_shared<queued_log>(std::move(to)));
    log->set_formatter(formatter_for(s, group));
    spdlog::register_logger(log);
  }
  log->set_level(spdlog::level::from_str(s.level));
  spdlog::set_default_logger(log);
  return true;
}

void reopen_log() {
  if (auto log = spdlog::get("partita"))
    static_cast<queued_log&>(*log->sinks().front()).reopen();
}

void return_memory_of_start() {
#ifdef __GLIBC__
  // Of which a worker with a small share has 30,000, most of them its program. In KiB.
  constexpr long at_most = 128 * 1024;
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0 && used.ru_maxrss <= at_most)
    ::malloc_trim(0);
#endif
}

} // namespace partita::app
