// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.ops_documents

#include "partita/app/metrics/metrics.hpp"

#include <nlohmann/json.hpp>

#include <caf/test/unit_test.hpp>

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

using namespace partita;
using namespace partita::app;

/// docs/ops against what /metrics shows.
namespace {

struct metric {
  std::string type;
  std::set<std::string> labels;

  friend bool operator==(const metric&, const metric&) = default;
};

using metrics = std::map<std::string, metric>;

std::string to_string(const metric& x) {
  auto result = x.type;
  for (const auto& label : x.labels)
    result += " " + label;
  return result;
}

std::string content_of(const std::string& path) {
  std::ifstream in{path};
  CAF_REQUIRE(in);
  return {std::istreambuf_iterator<char>{in}, {}};
}

template <class F>
void for_each_match(const std::string& text, const std::string& pattern, F f) {
  std::regex what{pattern};
  for (std::sregex_iterator i{text.begin(), text.end(), what}, end; i != end; ++i)
    f(*i);
}

/// Of a leader for which an alert was raised: it shows everything.
metrics shown() {
  process_stats x;
  x.worker.emplace().group = "orders";
  x.worker->status.leading = true;
  x.worker->alerts = {{"store_away", alert_level::warn}};
  x.store.emplace();
  x.hooks.emplace();
  x.lag = consumers_lag{"orders", {{"7", 0, 0}}, 0};
  auto text = metrics_text(x);
  metrics result;
  for_each_match(text, "# TYPE (\\w+) (\\w+)\n",
                 [&](const std::smatch& m) { result[m[1]].type = m[2]; });
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#'))
      continue;
    auto name = line.substr(0, line.find_first_of("{ "));
    auto series = result.find(name);
    if (series == result.end()) // One of a histogram's.
      series = result.find(name.substr(0, name.rfind('_')));
    CAF_REQUIRE(series != result.end());
    for_each_match(line, "[{,](\\w+)=", [&](const std::smatch& m) {
      if (m[1] != "le")
        series->second.labels.insert(m[1]);
    });
  }
  return result;
}

/// The rows of the tables.
metrics documented() {
  metrics result;
  for_each_match(
      content_of("docs/ops/metrics.md"),
      "\n\\| `(partita_\\w+)` \\| (\\w+) \\| ([^|]*)\\|(?= )", [&](const std::smatch& m) {
        auto& x = result[m[1]];
        x.type = m[2];
        // What stands after a colon are a label's values.
        for_each_match(std::regex_replace(m[3].str(), std::regex{": .*"}, ""), "`(\\w+)`",
                       [&](const std::smatch& y) { x.labels.insert(y[1]); });
      });
  return result;
}

/// Every metric that an expression of the text names is there, a histogram by its series.
void names_only_what_is_shown(const std::string& text) {
  auto all = shown();
  std::size_t count = 0;
  for_each_match(text, "\\bpartita_\\w+", [&](const std::smatch& m) {
    auto name = m[0].str();
    ++count;
    for (const auto* suffix : {"_bucket", "_sum", "_count"})
      if (name.ends_with(suffix)) {
        auto base = name.substr(0, name.size() - std::string{suffix}.size());
        if (all.contains(base) && all[base].type == "histogram")
          return;
      }
    if (!all.contains(name) || all[name].type == "histogram")
      CAF_ERROR("no such series: " << name);
  });
  CAF_CHECK(count > 10);
}

} // namespace

CAF_TEST(every metric is documented with its type and labels) {
  auto all = shown();
  auto rows = documented();
  CAF_CHECK(all.size() > 25);
  for (const auto& [name, x] : all)
    if (!rows.contains(name))
      CAF_ERROR("docs/ops/metrics.md does not list " << name);
    else if (rows[name] != x)
      CAF_ERROR(name << ": shown as " << to_string(x) << ", documented as "
                     << to_string(rows[name]));
  for (const auto& [name, x] : rows)
    if (!all.contains(name))
      CAF_ERROR("docs/ops/metrics.md lists " << name << ", which is not shown");
}

CAF_TEST(names follow the conventions of Prometheus) {
  for (const auto& [name, x] : shown()) {
    CAF_CHECK(std::regex_match(name, std::regex{"partita_[a-z]+(_[a-z]+)*"}));
    CAF_CHECK_EQUAL(name.ends_with("_total"), x.type == "counter");
    CAF_CHECK(x.type != "histogram" || name.ends_with("_seconds"));
  }
}

CAF_TEST(the dashboard is complete and names only metrics that exist) {
  auto text = content_of("docs/ops/grafana.json");
  auto board = nlohmann::json::parse(text, nullptr, false);
  CAF_REQUIRE(!board.is_discarded());
  std::set<int> ids;
  for (const auto& panel : board.at("panels")) {
    CAF_CHECK(ids.insert(panel.at("id").get<int>()).second);
    CAF_CHECK(panel.contains("gridPos") && panel.contains("title"));
    CAF_CHECK(!panel.at("targets").empty());
    for (const auto& target : panel.at("targets")) {
      CAF_CHECK_EQUAL(target.at("datasource").at("uid").get<std::string>(), "${source}");
      CAF_CHECK(!target.at("expr").get<std::string>().empty());
    }
  }
  for (const auto* name : {"source", "group"})
    CAF_CHECK(text.find("\"name\": \"" + std::string{name} + "\"") != std::string::npos);
  names_only_what_is_shown(text);
}

CAF_TEST(the alert rules name only metrics that exist and all are documented) {
  auto text = content_of("docs/ops/alerts.yml");
  names_only_what_is_shown(
      std::regex_replace(text, std::regex{"(description|summary): .*"}, ""));
  std::set<std::string> rules;
  for_each_match(text, "- alert: (\\w+)",
                 [&](const std::smatch& m) { rules.insert(m[1]); });
  std::set<std::string> rows;
  for_each_match(content_of("docs/ops/metrics.md"), "\n\\| `(Partita\\w+)` \\|",
                 [&](const std::smatch& m) { rows.insert(m[1]); });
  CAF_CHECK_EQUAL(rules, rows);
}
