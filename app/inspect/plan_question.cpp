// SPDX-License-Identifier: Apache-2.0
#include "partita/app/inspect/plan_question.hpp"

#include "partita/app/output/json_text.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"
#include "partita/messages/json_members.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace partita::app {

namespace {

using namespace json_members;

/// Calls `f` with each item of a list and puts its place before what `f` refuses.
template <class F>
void for_each(const json& xs, const char* key, F f) {
  for (std::size_t i = 0; i < need_list(xs, key).size(); ++i)
    try {
      f(xs[i]);
    } catch (const bad_value& e) {
      fail(std::string{key} + '[' + std::to_string(i) + "]: " + e.why);
    }
}

[[noreturn]] void refuse(const char* key, const json& found,
                         const std::string& expected) {
  fail(at(key) + "expected " + expected + ", found " + found.dump());
}

std::int64_t integer(const json& x, const char* key, std::int64_t least,
                     std::int64_t most) {
  auto result = signed_number(x, key);
  if (result < least || result > most)
    refuse(key, x,
           "a whole number from " + std::to_string(least) + " to "
               + std::to_string(most));
  return result;
}

double positive(const json& x, const char* key) {
  if (!x.is_number() || !(x.get<double>() > 0))
    refuse(key, x, "a number above 0");
  return x.get<double>();
}

std::uint64_t seed(const json& x, const char* key) {
  if (x.is_number_unsigned())
    return x.get<std::uint64_t>();
  if (x.is_string())
    if (auto number = config::number_in<std::uint64_t>(x.get_ref<const std::string&>()))
      return *number;
  refuse(key, x, "a whole number from 0 to 18446744073709551615, as a number or string");
}

std::string strategy(const json& x) {
  if (auto result = core::strategy_name_from(text(x, "strategy")))
    return *result;
  refuse("strategy", x, config::one_of(core::strategy_names()));
}

std::vector<core::candidate> workers(const json& xs) {
  std::vector<core::candidate> result;
  std::set<std::string> seen;
  for_each(xs, "workers", [&](const json& x) {
    core::candidate who;
    who.id.value = text(x, "id");
    if (!seen.insert(who.id.value).second)
      fail("expected each worker only once, found " + x.dump() + " again");
    result.push_back(std::move(who));
  });
  return result;
}

std::vector<partition> partitions(const json& xs) {
  std::vector<partition> result;
  for_each(xs, "partitions", [&](const json& x) {
    result.push_back(read_partition(x));
    integer(result.back().weight, "weight", -config::max_weight, config::max_weight);
    for (const auto& [name, value] : x.items())
      if (name != "keys" && name != "weight")
        refuse(name.c_str(), value, "only keys and weight");
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
    for_each(indices, ("previous." + who).c_str(), [&](const json& y) {
      if (in.partitions.empty())
        refuse("index", y, "none, as there are no partitions");
      auto last = static_cast<std::int64_t>(in.partitions.size()) - 1;
      auto index = static_cast<std::size_t>(integer(y, "index", 0, last));
      if (named[index])
        fail("expected each partition only once, found " + y.dump() + " again");
      named[index] = true;
      if (position != positions.end())
        result[index] = position->second;
    });
  }
  if (std::find(named.begin(), named.end(), true) == named.end())
    result.clear();
  return result;
}

plan_question question_in(const json& obj) {
  plan_question result;
  auto& options = result.strategy;
  result.input.workers = workers(need(obj, "workers"));
  result.input.partitions = partitions(need(obj, "partitions"));
  for (const auto& [name, value] : obj.items()) {
    const auto* key = name.c_str();
    if (name == "strategy")
      options.name = strategy(value);
    else if (name == "seed")
      options.seed = seed(value, key);
    else if (name == "virtual_nodes")
      options.virtual_nodes =
          static_cast<std::size_t>(integer(value, key, 1, config::max_virtual_nodes));
    else if (name == "overload_threshold")
      options.overload_threshold = positive(value, key);
    else if (name == "extreme_threshold")
      options.extreme_threshold = positive(value, key);
    else if (name == "default_weight")
      options.default_weight =
          integer(value, key, -config::max_weight, config::max_weight);
    else if (name == "previous")
      result.input.previous = previous(value, result.input);
    else if (name != "workers" && name != "partitions")
      refuse(
          key, value,
          "only workers, partitions, strategy, seed, virtual_nodes, overload_threshold, "
          "extreme_threshold, default_weight and previous");
  }
  return result;
}

} // namespace

decoded<plan_question> plan_question_from(std::string_view text) {
  try {
    [[maybe_unused]] auto parsed = json::parse(text);
  } catch (const json::parse_error& e) {
    return malformed{"not JSON at byte " + std::to_string(e.byte)
                     + ", expected an object with workers and partitions on one line"};
  }
  return read<plan_question>(text, question_in);
}

std::string to_json(const plan_question& question, const core::plan& answer) {
  auto shares = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < question.input.workers.size(); ++i)
    shares[question.input.workers[i].id.value] = answer.shares[i];
  return json_line({{"assignments", std::move(shares)}});
}

} // namespace partita::app
