// SPDX-License-Identifier: Apache-2.0
#include "event.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <sstream>

namespace partita::bench {

std::int64_t now_ns() {
  auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

std::uint32_t number_of(const std::string& partition) {
  return static_cast<std::uint32_t>(
      std::stoul(partition.substr(partition.rfind('.') + 1)));
}

std::string to_line(const event& x) {
  std::string result{static_cast<char>(x.what)};
  result += ' ' + std::to_string(x.worker) + ' ' + std::to_string(x.at_ns);
  if (x.what == event::kind::stopped)
    result += ' ' + x.why;
  for (auto p : x.partitions)
    result += ' ' + std::to_string(p);
  return result + '\n';
}

event from_line(const std::string& line) {
  std::istringstream in{line};
  event result;
  char what = 0;
  in >> what >> result.worker >> result.at_ns;
  result.what = static_cast<event::kind>(what);
  if (result.what == event::kind::stopped)
    std::getline(in >> std::ws, result.why);
  for (std::uint32_t p = 0; in >> p;)
    result.partitions.push_back(p);
  return result;
}

std::optional<event> from_json(const std::string& line, std::size_t worker) {
  auto x = nlohmann::json::parse(line);
  auto name = x.at("event").get<std::string>();
  event result{.worker = worker, .at_ns = x.at("ts_ns").get<std::int64_t>()};
  if (name == "leadership")
    result.what = x.at("leading") ? event::kind::leads : event::kind::deposed;
  else if (name == "assigned")
    result.what = event::kind::assigned;
  else if (name == "revoked")
    result.what = event::kind::revoked;
  else if (name == "lost")
    result.what = event::kind::lost;
  else if (name == "stopped")
    result.why = x.value("failure", "");
  else
    return std::nullopt;
  if (x.contains("partitions"))
    for (const auto& p : x.at("partitions"))
      result.partitions.push_back(number_of(p.at("partition")));
  return result;
}

} // namespace partita::bench
