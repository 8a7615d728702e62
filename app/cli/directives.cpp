// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/change/directive_writer.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/control_codec.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <memory>
#include <random>

namespace partita::app {

namespace {

/// What several of the commands say about themselves.
constexpr const char* footer_end = R"help(
The directive is written to the group's control bucket, by compare-and-set. The leader
carries it out; it outlives the leader. Exit code 1 if the group's state does not allow it.
)help";

struct directive_flags {
  group_flags group;
  std::string reason;
  bool force = false;
  /// Empty: do not wait.
  std::string wait;
};

struct pin_flags {
  directive_flags common;
  std::string partition;
  std::string worker;
};

struct pause_flags {
  directive_flags common;
  std::string lasts;
};

struct resume_flags {
  directive_flags common;
  std::string id;
  bool all = false;
};

std::string to_json(const std::string& group, const std::string& command,
                    const directive_outcome& x) {
  using json = nlohmann::ordered_json;
  json result = {{"group", group},
                 {"command", command},
                 {"set", json::array()},
                 {"removed", json::array()},
                 {"done", x.failure.empty()}};
  if (x.change) {
    for (const auto& y : x.change->set)
      result["set"].push_back(directive_key(y));
    for (const auto& y : x.change->removed)
      result["removed"].push_back(directive_key(y));
  }
  if (!x.failure.empty())
    result["why"] = x.failure;
  return result.dump(-1, ' ', false, json::error_handler_t::replace);
}

int tell(const group_access& access, const std::string& command, bool json,
         const directive_outcome& x) {
  if (json)
    std::cout << to_json(access.settings.group.name, command, x) << std::endl;
  else if (x.change)
    std::cout << config::printable(x.change->meaning) << std::endl;
  if (!x.failure.empty())
    return json ? static_cast<int>(exit_failed) : fail(x.failure);
  return std::cout ? static_cast<int>(exit_fine)
                   : fail("cannot write to standard output");
}

/// What a command requests, once the settings are known.
using request_maker = std::function<directive_request(const config::settings&)>;

int run(const std::string& command, const directive_flags& flags,
        const request_maker& make) {
  std::optional<std::chrono::milliseconds> wait;
  if (!flags.wait.empty() && !(wait = duration_flag("--wait", flags.wait)))
    return exit_usage;
  if (!config::is_utf8(flags.reason))
    return refuse("--reason: found bytes that are not UTF-8, expected text");
  return with_group(
      flags.group, "partita " + command,
      [&](group_access& access) {
        auto request = make(access.settings);
        request.reason = flags.reason;
        if (wait)
          request.wait_limit = *wait;
        else
          request.fulfilled = nullptr;
        return tell(access, command, flags.group.json, carry_out(access, request));
      },
      true);
}

CLI::App* add_command(CLI::App& program, const char* name, const char* text,
                      const std::string& examples) {
  auto* result = program.add_subcommand(name, text);
  result->footer(footer_end + ("\nExamples:\n" + examples));
  return result;
}

void add_directive_flags(CLI::App& command, directive_flags& flags) {
  add_group_flags(command, flags.group);
  command.add_option("--reason", flags.reason, "For people: shown with the directive")
      ->type_name("TEXT");
}

void add_force(CLI::App& command, directive_flags& flags) {
  command.add_flag("--force", flags.force,
                   "Also where it cannot be followed now, or for unknown names");
}

void add_wait(CLI::App& command, directive_flags& flags, const std::string& until) {
  command.add_flag("--wait{5m}", flags.wait,
                   "Waits until " + until + "; --wait=30s: no longer than that");
}

void add_worker(CLI::App& command, std::string& worker) {
  command.add_option("worker", worker, "Its id, like worker-3")
      ->type_name("WORKER")
      ->required();
}

void add_partition(CLI::App& command, std::string& partition) {
  command.add_option("partition", partition, "Its keys, joined by dots")
      ->type_name("PARTITION")
      ->required();
}

// -- marks on workers -------------------------------------------------------------------

void add_drain(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<pin_flags>();
  auto* command = add_command(
      program, "drain", "Makes a worker give all its partitions away; its process stays",
      "  partita drain worker-3 -c partita.toml --reason 'disk is full' --wait\n"
      "  partita uncordon worker-3 -c partita.toml\n");
  add_worker(*command, flags->worker);
  add_directive_flags(*command, flags->common);
  add_force(*command, flags->common);
  add_wait(*command, flags->common, "the worker owns nothing");
  chosen.by(*command, [flags] {
    return run("drain", flags->common, [&](const config::settings&) {
      worker_id who{flags->worker};
      directive_request result;
      result.check = [who, force = flags->common.force](const group_status& x) {
        return drain(x, who, force);
      };
      result.fulfilled = [who](const group_status& x) { return owns_nothing(x, who); };
      return result;
    });
  });
}

void add_cordon(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<pin_flags>();
  auto* command =
      add_command(program, "cordon", "Lets a worker keep what it has and get nothing new",
                  "  partita cordon worker-3 -c partita.toml --reason 'slow disk'\n");
  add_worker(*command, flags->worker);
  add_directive_flags(*command, flags->common);
  add_force(*command, flags->common);
  chosen.by(*command, [flags] {
    return run("cordon", flags->common, [&](const config::settings&) {
      directive_request result;
      result.check = [&flags = *flags](const group_status& x) {
        return cordon(x, {flags.worker}, flags.common.force);
      };
      return result;
    });
  });
}

void add_uncordon(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<pin_flags>();
  auto* command = add_command(program, "uncordon", "Takes cordon and drain back",
                              "  partita uncordon worker-3 -c partita.toml\n");
  add_worker(*command, flags->worker);
  add_directive_flags(*command, flags->common);
  chosen.by(*command, [flags] {
    return run("uncordon", flags->common, [&](const config::settings&) {
      directive_request result;
      result.check = [&flags = *flags](const group_status& x) {
        return uncordon(x, {flags.worker});
      };
      return result;
    });
  });
}

// -- pins -------------------------------------------------------------------------------

void add_pin(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<pin_flags>();
  auto* command = add_command(
      program, "pin", "Makes a worker own a partition, whenever it takes part",
      "  partita pin orders.7 worker-3 -c partita.toml --reason 'has the cache'\n");
  add_partition(*command, flags->partition);
  add_worker(*command, flags->worker);
  add_directive_flags(*command, flags->common);
  add_force(*command, flags->common);
  chosen.by(*command, [flags] {
    return run("pin", flags->common, [&](const config::settings& s) {
      directive_request result;
      result.check = [&flags = *flags,
                      known = names_of(s.partitions)](const group_status& x) {
        return pin(x, flags.partition, {flags.worker}, known, flags.common.force);
      };
      return result;
    });
  });
}

void add_unpin(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<pin_flags>();
  auto* command = add_command(program, "unpin", "Takes a pin away",
                              "  partita unpin orders.7 -c partita.toml\n");
  add_partition(*command, flags->partition);
  add_directive_flags(*command, flags->common);
  chosen.by(*command, [flags] {
    return run("unpin", flags->common, [&](const config::settings&) {
      directive_request result;
      result.check = [&flags = *flags](const group_status& x) {
        return unpin(x, flags.partition);
      };
      return result;
    });
  });
}

// -- pauses -----------------------------------------------------------------------------

std::string random_id() {
  constexpr char digits[] = "0123456789abcdef";
  std::random_device source;
  std::string result;
  for (auto i = 0; i < 8; ++i)
    result += digits[source() % 16];
  return result;
}

/// Whole seconds, rounded up. Nothing, after a message, if it is none or too long.
std::optional<std::chrono::seconds> pause_length(const std::string& text) {
  auto found = duration_flag("--for", text);
  if (!found)
    return std::nullopt;
  auto result = std::chrono::ceil<std::chrono::seconds>(*found);
  if (result <= longest_pause)
    return result;
  refuse("--for: found '" + text + "', expected at most "
         + config::format_duration(longest_pause) + ": pause again when that is over");
  return std::nullopt;
}

void add_pause(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<pause_flags>();
  auto* command = add_command(
      program, "pause",
      "No rebalance for a while; only partitions without an owner are assigned",
      "  partita pause --for 30m --reason 'deploying' -c partita.toml\n");
  command->add_option("--for", flags->lasts, "How long, like 30m; it ends by itself")
      ->type_name("DURATION")
      ->required();
  add_directive_flags(*command, flags->common);
  chosen.by(*command, [flags] {
    auto lasts = pause_length(flags->lasts);
    if (!lasts) {
      return static_cast<int>(exit_usage);
    }
    return run("pause", flags->common, [&](const config::settings&) {
      directive_request result;
      result.check = [id = random_id(), lasts](const group_status& x) {
        return pause(x, id, *lasts);
      };
      return result;
    });
  });
}

void add_resume(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<resume_flags>();
  auto* command =
      add_command(program, "resume", "Ends a pause before its time",
                  "  partita resume -c partita.toml           # the only one\n"
                  "  partita resume 0f3a9c21 -c partita.toml\n"
                  "  partita resume --all -c partita.toml\n");
  auto* id = command->add_option("id", flags->id, "As `partita status` shows it");
  id->type_name("ID");
  command->add_flag("--all", flags->all, "Ends all pauses")->excludes(id);
  add_directive_flags(*command, flags->common);
  chosen.by(*command, [flags] {
    return run("resume", flags->common, [&](const config::settings&) {
      directive_request result;
      result.check = [&flags = *flags](const group_status& x) {
        return flags.all ? resume_all(x) : resume(x, flags.id);
      };
      return result;
    });
  });
}

// -- to the leader ----------------------------------------------------------------------

void add_step_down(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<directive_flags>();
  auto* command = add_command(program, "step-down", "Asks the leader to step down",
                              "  partita step-down -c partita.toml --wait\n");
  add_directive_flags(*command, *flags);
  add_wait(*command, *flags, "it has done so");
  chosen.by(*command, [flags] {
    return run("step-down", *flags, [](const config::settings&) {
      directive_request result;
      result.check = [](const group_status& x) { return step_down(x); };
      result.fulfilled = [](const group_status& x) { return !x.step_down; };
      return result;
    });
  });
}

void add_rebalance(CLI::App& program, chosen_command& chosen) {
  auto flags = std::make_shared<directive_flags>();
  auto* command = add_command(
      program, "rebalance", "Requests a plan now, without windows and cool-down",
      "  partita plan --live -c partita.toml      # what it would do\n"
      "  partita rebalance -c partita.toml --wait\n");
  add_directive_flags(*command, *flags);
  add_wait(*command, *flags, "the leader has planned");
  chosen.by(*command, [flags] {
    return run("rebalance", *flags, [](const config::settings&) {
      directive_request result;
      result.check = [](const group_status& x) { return rebalance(x); };
      result.fulfilled = [](const group_status& x) { return !x.rebalance; };
      return result;
    });
  });
}

} // namespace

void add_directives(CLI::App& program, chosen_command& chosen) {
  add_drain(program, chosen);
  add_cordon(program, chosen);
  add_uncordon(program, chosen);
  add_pin(program, chosen);
  add_unpin(program, chosen);
  add_pause(program, chosen);
  add_resume(program, chosen);
  add_step_down(program, chosen);
  add_rebalance(program, chosen);
}

} // namespace partita::app
