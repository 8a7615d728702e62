// SPDX-License-Identifier: Apache-2.0
#include "partita/app/cli/commands.hpp"

#include "partita/app/change/partition_writer.hpp"
#include "partita/app/inspect/group_command.hpp"
#include "partita/app/output/progress.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/partitions_file.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/codec.hpp"

#include <functional>
#include <iostream>
#include <iterator>
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
    if (!why && !x.bucket)
      note_absent_group(access);
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
template <class Range, class F>
bool names_fit(const Range& all, F name_of_one) {
  auto result = true;
  for (const auto& x : all) {
    std::string name = name_of_one(x);
    auto why = why_no_entry(name);
    if (!why.empty())
      fail('\'' + config::printable(name) + "' cannot be a partition of a bucket: it "
           + why);
    result = result && why.empty();
  }
  return result;
}

int change(const partitions_options& o, const decision& decide) {
  return with_bucket(o, true, [&](found_bucket& x) {
    auto what = decide(x.all);
    for (const auto& why : what.refusals)
      fail(why);
    if (!what.refusals.empty())
      return exit_failed;
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
      fail(to_string(x));
    return exit_usage;
  }
  auto& partitions = std::get<std::vector<partition>>(found);
  if (!names_fit(partitions, [](const partition& x) { return name_of(x); }))
    return exit_usage;
  return change(o, [&](const partition_entries& now) {
    return to_import(now, std::exchange(partitions, {}), o.replace);
  });
}

int add(const partitions_options& o) {
  if (!names_fit(o.names, [](const std::string& x) { return x; }))
    return exit_usage;
  return change(
      o, [&](const partition_entries& now) { return to_add(now, o.names, o.weight); });
}

int remove(const partitions_options& o) {
  return change(o, [&](const partition_entries& now) { return to_remove(now, o.names); });
}

int set_weight(const partitions_options& o) {
  return change(o, [&](const partition_entries& now) {
    return to_set_weight(now, o.name, o.weight);
  });
}

using command_and_options = std::pair<CLI::App&, partitions_options&>;

void add_names(command_and_options to) {
  to.first.add_option("name", to.second.names, "Names: the keys of each joined by dots")
      ->required()
      ->type_name("NAME...");
}

CLI::Option* add_weight(command_and_options to, const char* name, const char* text) {
  return to.first.add_option(name, to.second.weight, text)
      ->check(CLI::Range(std::int64_t{0}, config::max_weight))
      ->type_name("N");
}

void add_dry_run(command_and_options to) {
  to.first.add_flag("--dry-run", to.second.dry_run,
                    "Shows what would change, and writes nothing");
}

} // namespace

void add_partitions(CLI::App& program, chosen_command& chosen) {
  auto* group = program.add_subcommand("partitions",
                                       "Lists and changes the partitions of a bucket");
  group->footer(examples);
  group->require_subcommand(1);
  auto add_one = [&](const char* name, const char* text,
                     int (*run)(const partitions_options&)) {
    auto result = chosen.add<partitions_options>(*group, name, text, examples, run);
    add_group_flags(result.first, result.second.group);
    return result;
  };
  auto lists = add_one("list", "Shows all partitions", list);
  lists.first.add_flag("--toml", lists.second.toml, "As a file that import takes");
  auto adds = add_one("add", "Adds partitions", add);
  add_names(adds);
  add_weight(adds, "--weight", "Of each of them (default 100)");
  add_dry_run(adds);
  auto removes = add_one("remove", "Removes partitions", remove);
  add_names(removes);
  add_dry_run(removes);
  auto sets = add_one("set-weight", "Gives a partition another weight", set_weight);
  sets.first.add_option("name", sets.second.name, "The partition")
      ->required()
      ->type_name("NAME");
  add_weight(sets, "weight", "100 is an ordinary partition")->required();
  add_dry_run(sets);
  auto imports = add_one("import", "Adds the partitions of a file and sets their weights",
                         import_file);
  imports.first
      .add_option("file", imports.second.file,
                  "TOML with list, or prefix and count; - is standard input")
      ->required()
      ->type_name("FILE");
  imports.first.add_flag("--replace", imports.second.replace,
                         "Removes the partitions that the file does not name");
  add_dry_run(imports);
}

} // namespace partita::app
