// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What the programs of bench/ that do not use Google Benchmark measure: a list of named
/// values. `scripts/bench` reads both forms.
namespace partita::bench {

/// The smallest of `xs` that so many per cent of them do not exceed; 0 of none.
inline double percentile(std::vector<double> xs, std::size_t per_cent) {
  if (xs.empty())
    return 0;
  std::sort(xs.begin(), xs.end());
  return xs[(xs.size() * per_cent + 99) / 100 - 1];
}

/// Takes `--json FILE` out of a program's arguments; empty without it.
inline std::string take_json_path(int& argc, char** argv) {
  for (int i = 1; i + 1 < argc; ++i)
    if (argv[i] == std::string{"--json"}) {
      std::string path{argv[i + 1]};
      std::rotate(argv + i, argv + i + 2, argv + argc);
      argc -= 2;
      return path;
    }
  return {};
}

class results {
public:
  /// `name` says what was measured, as "200 x 100000/join/applied"; `unit` is "s", "ms",
  /// "MiB", "%", or "" for a count. Of all of them less is better.
  void add(std::string name, double value, std::string unit) {
    list_.push_back(
        {{"name", std::move(name)}, {"value", value}, {"unit", std::move(unit)}});
  }

  /// `{"results": [{"name": ..., "value": ..., "unit": ...}, ...]}`; without a path nothing.
  void write(const std::string& path) const {
    if (path.empty())
      return;
    std::ofstream out{path};
    out << nlohmann::ordered_json{{"results", list_}}.dump(1) << '\n';
    if (!out.flush())
      throw std::runtime_error{"cannot write " + path};
  }

private:
  std::vector<nlohmann::ordered_json> list_;
};

} // namespace partita::bench
