// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/plan_live.hpp"

#include "partita/app/inspect/group_status.hpp"
#include "partita/app/inspect/what_if.hpp"
#include "partita/app/wiring/wiring.hpp"
#include "partita/config/text.hpp"

#include <CLI/CLI.hpp>

namespace partita::app {

namespace {

/// As the configuration and the flags say. Loading has refused wrong words in the former.
core::strategy_options strategy_for(const live_flags& flags, const config::settings& s) {
  auto result = s.strategy;
  if (!flags.strategy.empty())
    result.name = core::strategy_name_from(flags.strategy).value_or(result.name);
  return result;
}

what_if_question question_for(const live_flags& flags, const config::settings& s) {
  what_if_question result;
  result.strategy = strategy_for(flags, s);
  if (!flags.from_records)
    result.partitions = s.partitions.all();
  if (flags.workers > 0)
    result.workers = flags.workers;
  for (const auto& x : flags.without)
    result.without.push_back({x});
  result.id_prefix = s.worker.id_prefix;
  return result;
}

int answer(group_access& access, const live_flags& flags) {
  auto found = read_entries(access);
  if (!found)
    return exit_failed;
  auto result = plan_if(examine(*found, {}, rules_of(access.settings)),
                        question_for(flags, access.settings));
  if (const auto* why = std::get_if<std::string>(&result))
    return fail(*why);
  const auto& x = std::get<what_if_answer>(result);
  return print(flags.group.json ? to_json(x) + '\n' : to_table(x));
}

} // namespace

void add_live_flags(CLI::App& command, live_flags& flags) {
  constexpr std::size_t most = 10'000;
  add_group_flags(command, flags.group);
  command.add_flag("--live", flags.live,
                   "Reads no question: what would a rebalance of the group do now?");
  command
      .add_option("--workers", flags.workers,
                  "As --live, as if there were so many workers of equal capacity")
      ->type_name("N")
      ->check(CLI::Range(std::size_t{1}, most));
  command
      .add_option("--without", flags.without,
                  "As --live, as if this worker had left; may be repeated")
      ->type_name("WORKER")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--strategy", flags.strategy, "As --live, by this strategy")
      ->type_name("NAME");
  command.add_flag("--from-records", flags.from_records,
                   "As --live, with the partitions that the records name, whatever the "
                   "configuration lists");
}

bool asks_for_group(const live_flags& flags) {
  return flags.live || flags.workers > 0 || !flags.without.empty()
         || !flags.strategy.empty() || flags.from_records;
}

int plan_live(const live_flags& flags) {
  if (!flags.strategy.empty() && !core::strategy_name_from(flags.strategy)) {
    auto names = core::strategy_names();
    auto near = config::nearest(flags.strategy, names);
    return refuse("--strategy: found '" + config::printable(flags.strategy)
                  + "', expected " + config::one_of(names)
                  + (near.empty() ? "" : "; did you mean " + near + '?'));
  }
  return with_group(flags.group, "partita plan",
                    [&](group_access& x) { return answer(x, flags); });
}

} // namespace partita::app
