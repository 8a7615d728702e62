// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/inspect/group_command.hpp"
#include "partita/app/output/json_text.hpp"
#include "partita/app/output/table.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"
#include "partita/core/stream_listing.hpp"
#include "partita/messages/keys.hpp"

#include <algorithm>
#include <optional>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
The stream that partitions.stream names: its subject transform writes the number of a partition into
each subject, which needs nats-server 2.10 or later. `init` makes the stream, or gives the transform
to one without messages; it changes no other transform. Exit code 1: the stream does not fit.

Examples:
  partita stream init -c partita.toml 'orders.*' 64
  partita stream check -c partita.toml
)help";

struct stream_options {
  group_flags group;
  std::string subjects;
  std::uint32_t count = 0;
};

/// All requests for streams can be repeated, and a cluster may be slow to answer one.
template <class Answer, class Request>
Answer ask_until(group_access& access, const Request& what) {
  for (;;) {
    progress_line::tick();
    auto result = ask<Answer>(access.self, access.store, access.left(), what);
    if (result.status != stream_status::unknown
        || std::chrono::steady_clock::now() >= access.deadline)
      return result;
  }
}

std::string problem_of(const std::string& stream, const stream_answer& x) {
  if (x.status == stream_status::missing)
    return "there is no stream " + stream + "; `partita stream init` makes it";
  if (x.status != stream_status::done)
    return x.why;
  return core::why_no_partitions(x.facts);
}

int show(const stream_options& o, const std::string& stream, const stream_answer& x) {
  auto why = problem_of(stream, x);
  auto code = why.empty() ? exit_fine : exit_failed;
  const auto& y = x.facts;
  auto partitions = core::partition_count(y.transform);
  if (o.group.json)
    return std::max<int>(
        code, print(nlohmann::ordered_json{{"stream", stream},
                                           {"state", why.empty() ? "fits" : "differs"},
                                           {"partitions", partitions},
                                           {"subjects", y.subjects},
                                           {"transform", y.transform.destination},
                                           {"last_sequence", y.last_sequence},
                                           {"consumers", y.consumers},
                                           {"why", config::printable(why)}}
                        .dump(2)
                    + '\n'));
  if (!why.empty())
    return fail(why);
  auto messages = y.last_sequence + 1 - std::max<std::uint64_t>(y.first_sequence, 1);
  table result{{"STREAM", "PARTITIONS", "FROM", "TO", "MESSAGES", "CONSUMERS"}};
  result.add({y.name, std::to_string(partitions), config::printable(y.transform.source),
              config::printable(y.transform.destination), std::to_string(messages),
              std::to_string(y.consumers)});
  return print(result.text());
}

int init(const stream_options& o, const subject_transform& transform,
         group_access& access) {
  const auto& s = access.settings;
  stream_make wanted{s.partitions.stream, {o.subjects}, transform, s.buckets.replicas};
  auto found = ask_until<stream_answer>(access, stream_look{wanted.stream});
  if (found.status == stream_status::done)
    if (auto why = core::why_not_changed(found.facts, transform); !why.empty())
      return fail(why);
  if (found.status == stream_status::done || found.status == stream_status::missing)
    found = ask_until<stream_answer>(access, wanted);
  return show(o, wanted.stream, found);
}

int with_stream(const stream_options& o, const std::function<int(group_access&)>& work) {
  return with_group(o.group, "partita stream", [&](group_access& access) {
    if (access.settings.partitions.stream.empty())
      return static_cast<int>(
          refuse("the configuration names no stream; set partitions.stream"));
    return work(access);
  });
}

} // namespace

int show_lag(group_access& access, bool json) {
  const auto& s = access.settings;
  const auto& stream = s.consume.stream.empty() ? s.partitions.stream : s.consume.stream;
  if (stream.empty())
    return refuse("the configuration names no stream; set consume.stream");
  table rows{
      {"PARTITION", ">TOKEN", ">PENDING", ">UNACKNOWLEDGED", ">FLOOR", "CONSUMER"}};
  auto consumers = nlohmann::ordered_json::array();
  std::optional<progress_line> line{"consumers read"};
  consumer_list page{stream};
  for (auto total = std::uint64_t{1}; page.offset < total;) {
    auto names = ask_until<consumer_names>(access, page);
    if (names.status != stream_status::done)
      return fail(names.why);
    for (const auto& name : names.facts.names) {
      auto of = keys::consumer_in(name, s.group.name);
      if (!of)
        continue;
      auto found = ask_until<consumer_answer>(access, consumer_look{stream, name});
      if (found.status == stream_status::missing)
        continue;
      if (found.status != stream_status::done)
        return fail("the consumer " + name + ": " + found.why);
      const auto& x = found.facts;
      auto partition = config::printable(of->partition);
      rows.add({partition, std::to_string(of->token.value), std::to_string(x.pending),
                std::to_string(x.ack_pending), std::to_string(x.ack_floor), name});
      consumers.push_back({{"partition", partition},
                           {"token", of->token.value},
                           {"consumer", name},
                           {"filter", config::printable(x.filter)},
                           {"pending", x.pending},
                           {"unacknowledged", x.ack_pending},
                           {"floor", x.ack_floor}});
      line->show(consumers.size());
    }
    page.offset += names.facts.names.size();
    total = names.facts.names.empty() ? 0 : names.facts.total;
  }
  line.reset();
  if (consumers.empty())
    note_absent_group(access);
  nlohmann::ordered_json all{{"stream", stream}, {"consumers", std::move(consumers)}};
  return print(json ? all.dump(2) + '\n' : rows.text());
}

void add_stream(CLI::App& program, chosen_command& chosen) {
  auto* group = program.add_subcommand(
      "stream", "Makes the stream of the partitions, or shows whether it fits");
  group->footer(examples);
  group->require_subcommand(1);
  auto check = [](const stream_options& o) {
    return with_stream(o, [&](group_access& access) {
      const auto& stream = access.settings.partitions.stream;
      return show(o, stream, ask_until<stream_answer>(access, stream_look{stream}));
    });
  };
  auto [checks, check_options] = chosen.add<stream_options>(
      *group, "check", "Shows the stream, its transform and partitions", examples, check);
  add_group_flags(checks, check_options.group);
  auto make = [](const stream_options& o) -> int {
    auto transform = core::transform_for(o.subjects, o.count);
    if (!transform)
      return refuse("found the subjects '" + o.subjects
                    + "', expected tokens joined by dots of which one is *, the key of a "
                      "partition: 'orders.*'");
    return with_stream(o,
                       [&](group_access& access) { return init(o, *transform, access); });
  };
  auto [inits, init_options] = chosen.add<stream_options>(
      *group, "init", "Makes the stream and its transform", examples, make);
  add_group_flags(inits, init_options.group);
  inits
      .add_option("subjects", init_options.subjects,
                  "What is published, the first * being the key of a partition")
      ->required()
      ->type_name("SUBJECTS");
  inits.add_option("count", init_options.count, "The number of partitions")
      ->required()
      ->check(CLI::Range(std::int64_t{1}, config::max_partitions))
      ->type_name("N");
}

} // namespace partita::app
