// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/change/partition_text.hpp"
#include "partita/app/change/partition_writer.hpp"
#include "partita/app/inspect/bucket_reader.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/output/progress.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/partitions_file.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/partition_entry.hpp"

#include <algorithm>
#include <functional>
#include <iostream>
#include <iterator>
#include <memory>
#include <utility>

namespace partita::app {

namespace {

constexpr const char* examples = R"help(
The bucket of the partitions, from which groups with partitions.bucket = true take their list.
Works against the store alone; the leader sees a change at once. Exit code 1 if the server
cannot be reached or the change does not fit what is there, 2 for bad usage or a bad file.

Examples:
  partita partitions list -c partita.toml --json | jq .partitions
  partita partitions add -c partita.toml orders.64 orders.65 --weight 300
  partita partitions set-weight --url nats://127.0.0.1:4222 --group orders orders.7 50
  partita partitions remove -c partita.toml orders.65
  partita partitions import -c partita.toml --replace --dry-run partitions.toml
  partita partitions list -c partita.toml --toml > partitions.toml
)help";

struct partitions_options {
  group_flags group{.settings = {}, .json = false, .timeout = "10s"};
  bool dry_run = false;
  std::string name;
  std::vector<std::string> names;
  std::int64_t weight = partition{}.weight;
  std::string file;
  bool replace = false;
  bool toml = false;
};

/// What a command finds and works with.
struct found_bucket {
  group_access& access;
  open_bucket which;
  /// To write to it; null if there is no such bucket.
  bucket_actor bucket;
  partition_entries all;
};

using work = std::function<int(found_bucket&)>;
using decision = std::function<partition_changes(const partition_entries&)>;

/// The group's workers may not use the bucket at all.
void warn_if_unused(const partitions_options& o, const config::settings& s) {
  if (!o.group.settings.file.empty() && s.partitions.given() && !s.partitions.bucket)
    std::cerr
        << "partita: note: workers with this configuration take their partitions from "
           "elsewhere; set partitions.bucket = true instead\n";
}

/// `stoppable`: see with_group.
int with_bucket(const partitions_options& o, bool stoppable, const work& f) {
  auto run = [&](group_access& access) {
    const auto& s = access.settings;
    warn_if_unused(o, s);
    found_bucket x{access, {}, {}, {}};
    x.which.name = s.buckets.partitions;
    x.which.replicas = s.buckets.replicas;
    x.which.mode = open_mode::look;
    std::optional<progress_line> line{"entries read"};
    auto why = read_bucket(access.self, access.store, x.which, access.limit, x.bucket,
                           [&](const watch_event& what) {
                             take(x.all, what);
                             line->show(x.all.size());
                           });
    line.reset();
    return why ? fail(*why) : f(x);
  };
  return with_group(o.group, "partita partitions", run, stoppable);
}

int list(const partitions_options& o) {
  return with_bucket(o, false, [&](found_bucket& x) {
    if (!x.bucket)
      return fail("there is no bucket " + x.which.name
                  + "; `partita partitions add` and `import` make it");
    if (o.group.json) {
      write_json(std::cout, x.which.name, x.all);
      return print("\n");
    }
    o.toml ? write_partitions_file(std::cout, x.all) : write_table(std::cout, x.all);
    return print({});
  });
}

/// Writes what was decided; makes the bucket if it is needed and missing.
std::optional<std::string> carry_out(found_bucket& x, const partition_changes& what) {
  if (what.changes.empty())
    return std::nullopt;
  const auto& access = x.access;
  if (!x.bucket) {
    x.which.mode = open_mode::make;
    if (auto why =
            open_if_there(access.self, access.store, x.which, access.limit, x.bucket))
      return why;
  }
  progress_line line{"changes written", what.changes.size()};
  return write_changes(access.self, x.bucket, what.changes, access.limit,
                       [&](std::size_t done) { line.show(done); });
}

/// A name that no bucket can hold is bad usage: nothing needs to be looked at for that.
bool name_fits(const std::string& x) {
  auto why = why_no_entry(x);
  if (!why.empty())
    fail('\'' + config::printable(x) + "' cannot be a partition of a bucket: it " + why);
  return why.empty();
}

int change(const partitions_options& o, const decision& decide) {
  return with_bucket(o, true, [&](found_bucket& x) {
    auto what = decide(x.all);
    for (const auto& why : what.refusals)
      fail(why);
    if (!what.refusals.empty())
      return static_cast<int>(exit_failed);
    x.all.clear(); // Large, and no longer needed.
    if (!o.dry_run)
      if (auto why = carry_out(x, what))
        return fail(*why);
    const auto& bucket = x.which.name;
    if (!o.group.json)
      return print(to_text(bucket, what, o.dry_run));
    write_json(std::cout, bucket, what, o.dry_run);
    return print("\n");
  });
}

int import_file(const partitions_options& o) {
  auto found =
      o.file == "-" ? config::load_partitions_text(
          std::string{std::istreambuf_iterator<char>{std::cin}, {}}, "standard input")
                    : config::load_partitions(o.file);
  if (const auto* wrong = std::get_if<std::vector<config::problem>>(&found)) {
    for (const auto& x : *wrong)
      std::cerr << "partita: " << to_string(x) << '\n';
    return exit_usage;
  }
  auto& partitions = std::get<std::vector<partition>>(found);
  auto unfit = std::count_if(partitions.begin(), partitions.end(),
                             [](const auto& x) { return !name_fits(name_of(x)); });
  if (unfit > 0)
    return exit_usage;
  return change(o, [&](const partition_entries& now) {
    return to_import(now, std::exchange(partitions, {}), o.replace);
  });
}

using shared_options = std::shared_ptr<partitions_options>;

CLI::App* add_one(CLI::App& parent, const char* name, const char* what,
                  chosen_command& chosen, const shared_options& options,
                  int (*run)(const partitions_options&)) {
  auto* result = parent.add_subcommand(name, what);
  add_group_flags(*result, options->group);
  result->footer(examples);
  chosen.by(*result, [options, run] { return run(*options); });
  return result;
}

void add_dry_run(CLI::App& command, const shared_options& options) {
  command.add_flag("--dry-run", options->dry_run,
                   "Shows what would change, and writes nothing");
}

void add_names(CLI::App& command, const shared_options& options) {
  command.add_option("name", options->names, "Names: the keys of each joined by dots")
      ->required()
      ->type_name("NAME...");
}

} // namespace

void add_partitions(CLI::App& program, chosen_command& chosen) {
  auto* command = program.add_subcommand("partitions",
                                         "Lists and changes the partitions of a bucket");
  command->footer(examples);
  command->require_subcommand(1);
  auto options = std::make_shared<partitions_options>();
  auto* shows = add_one(*command, "list", "Shows all partitions", chosen, options, list);
  shows->add_flag("--toml", options->toml, "As a file that import takes");
  auto weights = CLI::Range(std::int64_t{0}, config::max_weight);
  auto* adds = add_one(*command, "add", "Adds partitions", chosen, options,
                       [](const partitions_options& o) {
                         auto unfit =
                             std::count_if(o.names.begin(), o.names.end(),
                                           [](const auto& x) { return !name_fits(x); });
                         if (unfit > 0)
                           return static_cast<int>(exit_usage);
                         return change(o, [&](const partition_entries& now) {
                           return to_add(now, o.names, o.weight);
                         });
                       });
  add_names(*adds, options);
  adds->add_option("--weight", options->weight, "Of each of them (default 100)")
      ->check(weights)
      ->type_name("N");
  add_dry_run(*adds, options);
  auto* removes = add_one(*command, "remove", "Removes partitions", chosen, options,
                          [](const partitions_options& o) {
                            return change(o, [&](const partition_entries& now) {
                              return to_remove(now, o.names);
                            });
                          });
  add_names(*removes, options);
  add_dry_run(*removes, options);
  auto* sets = add_one(*command, "set-weight", "Gives a partition another weight", chosen,
                       options, [](const partitions_options& o) {
                         return change(o, [&](const partition_entries& now) {
                           return to_set_weight(now, o.name, o.weight);
                         });
                       });
  sets->add_option("name", options->name, "The partition")->required()->type_name("NAME");
  sets->add_option("weight", options->weight, "100 is an ordinary partition")
      ->required()
      ->check(weights)
      ->type_name("N");
  add_dry_run(*sets, options);
  auto* imports =
      add_one(*command, "import", "Adds the partitions of a file and sets their weights",
              chosen, options, import_file);
  imports
      ->add_option("file", options->file,
                   "TOML with list, or prefix and count; - is standard input")
      ->required()
      ->type_name("FILE");
  imports->add_flag("--replace", options->replace,
                    "Removes the partitions that the file does not name");
  add_dry_run(*imports, options);
}

} // namespace partita::app
