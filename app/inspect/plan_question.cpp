// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/plan_question.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <stdexcept>

namespace partita::app {

namespace {

using json = nlohmann::json;

/// Thrown and caught within this file only.
struct bad_question : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string shown(const json& x) {
  constexpr std::size_t limit = 60;
  auto text = x.dump(-1, ' ', true, json::error_handler_t::replace);
  return text.size() <= limit ? text : text.substr(0, limit) + "...";
}

[[noreturn]] void refuse(const std::string& member, const json& found,
                         const std::string& expected) {
  throw bad_question{"'" + member + "': found " + shown(found) + ", expected "
                     + expected};
}

/// Calls `f` with each item and its name.
template <class F>
void for_each(const json& x, const std::string& member, F f) {
  if (!x.is_array())
    refuse(member, x, "a list");
  for (std::size_t i = 0; i < x.size(); ++i)
    f(x[i], member + '[' + std::to_string(i) + ']');
}

std::string text(const json& x, const std::string& member) {
  if (!x.is_string())
    refuse(member, x, "a string");
  return x.get<std::string>();
}

std::int64_t integer(const json& x, const std::string& member, std::int64_t least,
                     std::int64_t most) {
  auto whole = x.is_number_integer();
  auto fits = whole && (!x.is_number_unsigned() || x.get<std::uint64_t>() <= INT64_MAX);
  if (!fits || x.get<std::int64_t>() < least || x.get<std::int64_t>() > most)
    refuse(member, x,
           "a whole number from " + std::to_string(least) + " to "
               + std::to_string(most));
  return x.get<std::int64_t>();
}

double positive(const json& x, const std::string& member) {
  if (!x.is_number() || !(x.get<double>() > 0))
    refuse(member, x, "a number above 0");
  return x.get<double>();
}

std::uint64_t seed(const json& x, const std::string& member) {
  if (x.is_number_unsigned())
    return x.get<std::uint64_t>();
  if (x.is_string())
    if (auto number = config::number_in<std::uint64_t>(x.get_ref<const std::string&>()))
      return *number;
  refuse(member, x,
         "a whole number from 0 to 18446744073709551615, as a number or string");
}

std::string strategy(const json& x, const std::string& member) {
  if (auto result = core::strategy_name_from(text(x, member)))
    return *result;
  refuse(member, x, config::one_of(core::strategy_names()));
}

std::vector<core::candidate> workers(const json& xs, const std::string& member) {
  std::vector<core::candidate> result;
  std::set<std::string> seen;
  for_each(xs, member, [&](const json& x, const std::string& here) {
    core::candidate who;
    who.id.value = text(x, here);
    if (!seen.insert(who.id.value).second)
      refuse(here, x, "each worker only once");
    result.push_back(std::move(who));
  });
  return result;
}

partition one_partition(const json& x, const std::string& member) {
  if (!x.is_object() || !x.contains("keys"))
    refuse(member, x, R"(an object like {"keys":["orders","7"],"weight":100})");
  partition result;
  for (const auto& [name, value] : x.items()) {
    auto inner = member + '.' + name;
    if (name == "keys") {
      partition_keys::list keys;
      for_each(value, inner, [&](const json& key, const std::string& here) {
        keys.push_back(text(key, here));
      });
      if (keys.empty())
        refuse(inner, value, "at least one key");
      result.keys = std::move(keys);
    } else if (name == "weight") {
      result.weight = integer(value, inner, -config::max_weight, config::max_weight);
    } else {
      refuse(inner, value, "only keys and weight");
    }
  }
  return result;
}

std::vector<partition> partitions(const json& xs, const std::string& member) {
  std::vector<partition> result;
  for_each(xs, member, [&](const json& x, const std::string& here) {
    result.push_back(one_partition(x, here));
  });
  return result;
}

/// By partition the index of its owner; empty if no worker owned anything.
std::vector<std::optional<std::size_t>> previous(const json& x,
                                                 const core::planning_input& in) {
  if (!x.is_object())
    refuse("previous", x, R"(an object like {"worker-0":[0,2]})");
  std::map<std::string, std::size_t> positions;
  for (std::size_t i = 0; i < in.workers.size(); ++i)
    positions.emplace(in.workers[i].id.value, i);
  std::vector<std::optional<std::size_t>> result(in.partitions.size());
  std::vector<bool> named(in.partitions.size());
  for (const auto& [who, indices] : x.items()) {
    auto position = positions.find(who);
    for_each(indices, "previous." + who, [&](const json& y, const std::string& here) {
      if (in.partitions.empty())
        refuse(here, y, "nothing: there are no partitions");
      auto last = static_cast<std::int64_t>(in.partitions.size()) - 1;
      auto index = static_cast<std::size_t>(integer(y, here, 0, last));
      if (named[index])
        refuse(here, y, "each partition only once");
      named[index] = true;
      if (position != positions.end())
        result[index] = position->second;
    });
  }
  if (std::find(named.begin(), named.end(), true) == named.end())
    result.clear();
  return result;
}

plan_question read(const json& obj) {
  plan_question result;
  auto& options = result.strategy;
  const json* before = nullptr;
  for (const char* needed : {"workers", "partitions"})
    if (!obj.contains(needed))
      throw bad_question{'\'' + std::string{needed} + "': is missing, expected a list"};
  for (const auto& [name, value] : obj.items()) {
    if (name == "workers")
      result.input.workers = workers(value, name);
    else if (name == "partitions")
      result.input.partitions = partitions(value, name);
    else if (name == "strategy")
      options.name = strategy(value, name);
    else if (name == "seed")
      options.seed = seed(value, name);
    else if (name == "virtual_nodes")
      options.virtual_nodes =
          static_cast<std::size_t>(integer(value, name, 1, config::max_virtual_nodes));
    else if (name == "overload_threshold")
      options.overload_threshold = positive(value, name);
    else if (name == "extreme_threshold")
      options.extreme_threshold = positive(value, name);
    else if (name == "default_weight")
      options.default_weight =
          integer(value, name, -config::max_weight, config::max_weight);
    else if (name == "previous")
      before = &value;
    else
      refuse(
          name, value,
          "only workers, partitions, strategy, seed, virtual_nodes, overload_threshold, "
          "extreme_threshold, default_weight and previous");
  }
  // Its indices mean nothing before the partitions are known.
  if (before)
    result.input.previous = previous(*before, result.input);
  return result;
}

} // namespace

std::variant<plan_question, std::string> plan_question_from(std::string_view text) {
  json obj;
  try {
    obj = json::parse(text);
  } catch (const json::parse_error& e) {
    return "not JSON at byte " + std::to_string(e.byte)
           + ", expected an object with workers and partitions on one line";
  }
  if (!obj.is_object())
    return "found " + shown(obj) + ", expected an object with workers and partitions";
  try {
    return read(obj);
  } catch (const bad_question& e) {
    return std::string{e.what()};
  }
}

std::string to_json(const plan_question& question, const core::plan& answer) {
  auto shares = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < question.input.workers.size(); ++i)
    shares[question.input.workers[i].id.value] = answer.shares[i];
  return json_line({{"assignments", std::move(shares)}});
}

} // namespace partita::app
