// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "application.hpp"
#include "group.hpp"

#include "../../support/eventually.hpp"

#include <caf/test/unit_test.hpp>

#include <httplib.h>

#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace partita::test {

/// One scrape: every series and its value.
class scrape {
public:
  explicit scrape(const std::string& text) {
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);)
      if (auto space = line.rfind(' '); !line.starts_with('#'))
        all_[line.substr(0, space)] = std::stod(line.substr(space));
  }

  /// The sum over all series of this name whose labels contain `label`.
  double sum(const std::string& name, const std::string& label = "") const {
    double result = 0;
    for (const auto& [series, value] : all_)
      if (series.substr(0, series.find('{')) == name
          && series.find(label) != std::string::npos)
        result += value;
    return result;
  }

  bool shows(const std::string& series) const { return all_.contains(series); }

  /// Of all series, those of a histogram with their suffix.
  std::set<std::string> names() const {
    std::set<std::string> result;
    for (const auto& [series, value] : all_)
      result.insert(series.substr(0, series.find('{')));
    return result;
  }

  /// A series that must never fall and has fallen since `before`; empty: there is none.
  std::string fallen_since(const scrape& before) const {
    for (const auto& [series, value] : before.all_) {
      auto name = series.substr(0, series.find('{'));
      auto counts = name.ends_with("_total") || name.ends_with("_bucket")
                    || name.ends_with("_count") || name.ends_with("_sum");
      auto now = all_.find(series);
      if (counts && (now == all_.end() || now->second < value))
        return series;
    }
    return {};
  }

private:
  std::map<std::string, double> all_;
};

/// A group whose workers serve HTTP.
struct metrics_group {
  explicit metrics_group(timings with = {}) : group{with} {}

  process_group group;
  std::map<std::string, std::string> addresses;

  /// `more`: further arguments.
  void start(const std::string& name, std::vector<std::string> more = {}) {
    auto before = group.log(name).size();
    more.insert(more.end(), {"--set", "http.listen=127.0.0.1:0"});
    group.start(name, more);
    addresses[name] = http_address(group, name, before);
  }

  void start_all(std::initializer_list<const char*> names) {
    for (const auto* name : names)
      start(name);
    group.require_rest();
  }

  /// Throws if it gets no answer, or none that a scraper takes.
  scrape ask(const std::string& name) {
    httplib::Client client{addresses.at(name)};
    client.set_read_timeout(10s);
    auto answer = client.Get("/metrics");
    if (!answer || answer->status != 200
        || answer->get_header_value("Content-Type")
               != "text/plain; version=0.0.4; charset=utf-8")
      throw std::runtime_error{"/metrics of " + name + " cannot be had"};
    return scrape{answer->body};
  }

  /// Asks again and again until it holds, as a scraper does; the last answer.
  scrape ask_until(const std::string& name,
                   const std::function<bool(const scrape&)>& holds) {
    auto result = ask(name);
    CAF_REQUIRE(eventually(20s, [&] {
      result = ask(name);
      return holds(result);
    }));
    return result;
  }

  /// The leader, once all its partitions have owners and it has said so.
  scrape ask_leader_at_rest() {
    auto name = group.leader();
    auto partitions = static_cast<double>(group.with().partitions);
    return ask_until(name, [&](const scrape& x) {
      return x.sum("partita_partitions") == partitions
             && x.sum("partita_partitions_unowned") == 0;
    });
  }
};

} // namespace partita::test
