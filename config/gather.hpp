// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/config/options.hpp"
#include "partita/config/problem.hpp"

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace partita::config {

/// Takes values from one place after the other, the weakest first, and collects settings
/// and problems. Used once.
class gathering {
public:
  /// Takes the tables of a file.
  void take_file(const value_table& root, const std::string& name);

  /// Takes the variables that name an option; an empty one counts as not set.
  void take_environment(const std::map<std::string, std::string>& variables);

  /// Takes one `section.key=value` of the command line.
  void take_override(const std::string& text);

  /// Adds a problem that the caller has found.
  void add(problem x) { problems_.push_back(std::move(x)); }

  /// Reports required options that were not given, as problems of `file`.
  void demand(const std::string& file, bool partitions);

  /// Looks for the programs of hooks, which are to run here.
  void demand_programs();

  /// Takes the times of the profile where none were given.
  void choose_times();

  /// Checks the values together, after the last one was taken.
  void relate(const std::string& file);

  settings& result() { return settings_; }

  /// Everything that was wrong, in order.
  std::vector<problem> problems() &&;

private:
  void take_section(const std::string& section, const value& x, const std::string& file);
  void take_text(const option& x, const std::string& text, const origin& from);
  void take(const option& x, const value& content, const origin& from);
  void unknown_key(const std::string& section, const std::string& key,
                   const origin& from);
  void unknown_section(const std::string& section, const value& x, const origin& from);

  settings settings_;
  std::vector<problem> problems_;
  /// Where the value in effect comes from, by option.
  std::map<std::string, origin> seen_;
  /// Options that were given a wrong value anywhere.
  std::set<std::string> bad_;
};

} // namespace partita::config
