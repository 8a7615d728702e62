// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/change/directive_writer.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/output/json_text.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/duration.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/control_codec.hpp"

#include <spdlog/fmt/fmt.h>

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
  std::string worker;
  std::string partition;
  /// How long a pause lasts, as given.
  std::string length;
  std::chrono::seconds lasts{0};
  /// Of a pause.
  std::string id;
  bool all = false;
};

/// Arguments that only some of the commands take.
enum argument : unsigned {
  worker = 1,
  partition = 2,
  force = 4,
  length = 8,
  pause_id = 16
};

struct directive_command {
  const char* name;
  const char* text;
  const char* examples;
  unsigned arguments;
  /// `known`: partitions of the configuration.
  checked_directive (*check)(const group_status& x, const directive_flags& flags,
                             const std::vector<std::string>& known);
  /// What --wait waits for, in the help and in the group; null: there is no --wait.
  const char* until = nullptr;
  bool (*fulfilled)(const group_status& x, const directive_flags& flags) = nullptr;
};

using given = directive_flags;
using names = std::vector<std::string>;

const directive_command all_directives[] = {
    {"drain", "Makes a worker give all its partitions away; its process stays",
     "  partita drain worker-3 -c partita.toml --reason 'disk is full' --wait\n"
     "  partita uncordon worker-3 -c partita.toml\n",
     worker | force,
     [](const group_status& x, const given& f, const names&) {
       return drain(x, {f.worker}, f.force);
     },
     "the worker owns nothing",
     [](const group_status& x, const given& f) { return owns_nothing(x, {f.worker}); }},
    {"cordon", "Lets a worker keep what it has and get nothing new",
     "  partita cordon worker-3 -c partita.toml --reason 'slow disk'\n", worker | force,
     [](const group_status& x, const given& f, const names&) {
       return cordon(x, {f.worker}, f.force);
     }},
    {"uncordon", "Takes cordon and drain back",
     "  partita uncordon worker-3 -c partita.toml\n", worker,
     [](const group_status& x, const given& f, const names&) {
       return uncordon(x, {f.worker});
     }},
    {"pin", "Makes a worker own a partition, whenever it takes part",
     "  partita pin orders.7 worker-3 -c partita.toml --reason 'has the cache'\n",
     partition | worker | force,
     [](const group_status& x, const given& f, const names& known) {
       return pin(x, f.partition, {f.worker}, known, f.force);
     }},
    {"unpin", "Takes a pin away", "  partita unpin orders.7 -c partita.toml\n", partition,
     [](const group_status& x, const given& f, const names&) {
       return unpin(x, f.partition);
     }},
    {"pause", "No rebalance for a while; only partitions without an owner are assigned",
     "  partita pause --for 30m --reason 'deploying' -c partita.toml\n", length,
     [](const group_status& x, const given& f, const names&) {
       return pause(x, f.id, f.lasts);
     }},
    {"resume", "Ends a pause before its time",
     "  partita resume -c partita.toml           # the only one\n"
     "  partita resume 0f3a9c21 -c partita.toml\n"
     "  partita resume --all -c partita.toml\n",
     pause_id,
     [](const group_status& x, const given& f, const names&) {
       return f.all ? resume_all(x) : resume(x, f.id);
     }},
    {"step-down", "Asks the leader to step down",
     "  partita step-down -c partita.toml --wait\n", 0,
     [](const group_status& x, const given&, const names&) { return step_down(x); },
     "it has done so", [](const group_status& x, const given&) { return !x.step_down; }},
    {"rebalance", "Requests a plan now, without windows and cool-down",
     "  partita plan --live -c partita.toml      # what it would do\n"
     "  partita rebalance -c partita.toml --wait\n",
     0, [](const group_status& x, const given&, const names&) { return rebalance(x); },
     "the leader has planned",
     [](const group_status& x, const given&) { return !x.rebalance; }},
};

std::string to_json(const std::string& group, const std::string& command,
                    const directive_outcome& x) {
  auto change = x.change.value_or(directive_change{});
  nlohmann::ordered_json result = {{"group", group},
                                   {"command", command},
                                   {"set", json_list(change.set, directive_key)},
                                   {"removed", json_list(change.removed, directive_key)},
                                   {"done", x.failure.empty()}};
  if (!x.failure.empty())
    result["why"] = x.failure;
  return json_line(result);
}

int tell(const group_access& access, const std::string& command, bool json,
         const directive_outcome& x) {
  auto code = exit_fine;
  if (json)
    code = print(to_json(access.settings.group.name, command, x) + '\n');
  else if (x.change)
    code = print(config::printable(x.change->meaning) + '\n');
  if (x.failure.empty())
    return code;
  return json ? exit_failed : fail(x.failure);
}

/// Whole seconds, rounded up.
void take_length(directive_flags& x) {
  x.lasts = std::chrono::ceil<std::chrono::seconds>(duration_flag("--for", x.length));
  x.id = fmt::format("{:08x}", std::random_device{}());
  if (x.lasts > longest_pause)
    throw command_ended{refuse("--for: found '" + x.length + "', expected at most "
                               + config::format_duration(longest_pause)
                               + ": pause again when that is over")};
}

int run(const directive_command& what, directive_flags flags) {
  std::optional<std::chrono::milliseconds> wait;
  if (!flags.wait.empty())
    wait = duration_flag("--wait", flags.wait);
  if (what.arguments & length)
    take_length(flags);
  if (!config::is_utf8(flags.reason))
    return refuse("--reason: found bytes that are not UTF-8, expected text");
  auto work = [&](group_access& access) {
    directive_request request;
    request.reason = flags.reason;
    request.check = [&, known = names_of(access.settings.partitions)](
                        const group_status& x) { return what.check(x, flags, known); };
    if (wait) {
      request.wait_limit = *wait;
      request.fulfilled = [&](const group_status& x) { return what.fulfilled(x, flags); };
    }
    return tell(access, what.name, flags.group.json, carry_out(access, request));
  };
  return with_group(flags.group, std::string{"partita "} + what.name, work, true);
}

void add_arguments(CLI::App& command, const directive_command& what,
                   directive_flags& to) {
  auto add = [&](const char* name, std::string& value, const char* text,
                 const char* type) {
    return command.add_option(name, value, text)->type_name(type);
  };
  if (what.arguments & partition)
    add("partition", to.partition, "Its keys, joined by dots", "PARTITION")->required();
  if (what.arguments & worker)
    add("worker", to.worker, "Its id, like worker-3", "WORKER")->required();
  if (what.arguments & length)
    add("--for", to.length, "How long, like 30m; it ends by itself", "DURATION")
        ->required();
  if (what.arguments & pause_id) {
    auto* id = add("id", to.id, "As `partita status` shows it", "ID");
    command.add_flag("--all", to.all, "Ends all pauses")->excludes(id);
  }
  add_group_flags(command, to.group);
  add("--reason", to.reason, "For people: shown with the directive", "TEXT");
  if (what.arguments & force)
    command.add_flag("--force", to.force,
                     "Also where it cannot be followed now, or for unknown names");
  if (what.until)
    command.add_flag("--wait{5m}", to.wait,
                     std::string{"Waits until "} + what.until
                         + "; --wait=30s: no longer than that");
}

} // namespace

void add_directives(CLI::App& program, chosen_command& chosen) {
  for (const auto& what : all_directives) {
    auto [command, flags] = chosen.add<directive_flags>(
        program, what.name, what.text,
        std::string{footer_end} + "\nExamples:\n" + what.examples,
        [&what](const directive_flags& x) { return run(what, x); });
    add_arguments(command, what, flags);
  }
}

} // namespace partita::app
