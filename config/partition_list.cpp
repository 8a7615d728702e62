// SPDX-License-Identifier: Apache-2.0
#include "partita/config/checks.hpp"
#include "partita/config/kinds.hpp"
#include "partita/config/limits.hpp"
#include "partita/config/text.hpp"

namespace partita::config {

namespace {

const char* const forms =
    "must be a key (\"orders\"), an array of keys ([\"orders\", \"7\"]) "
    "or a table ({ keys = [\"orders\", \"7\"], weight = 100 })";

/// Reads the items of `partitions.list` and notes everything that is wrong with them.
class list_reader {
public:
  explicit list_reader(complaints& wrong) : wrong_{wrong} {}

  /// All partitions, if nothing is wrong.
  std::vector<partition> read(const value& whole, const value_list& items) {
    for (std::size_t i = 0; i < items.size(); ++i) {
      at_ = "[" + std::to_string(i) + "]";
      auto& added = partitions_.emplace_back();
      if (auto* members = items[i].as<value_table>())
        read_table(added, items[i], *members);
      else
        read_keys(added, items[i], forms);
    }
    at_.clear();
    if (!wrong_.empty())
      return {};
    if (partitions_.size() > static_cast<std::size_t>(max_partitions))
      complain(whole,
               "holds more than " + std::to_string(max_partitions) + " partitions");
    else if (auto reason = why_unusable(partitions_); !reason.empty())
      complain(whole, reason);
    return std::move(partitions_);
  }

private:
  void complain(const value& x, std::string expected, std::string remedy = {},
                const std::string& inside = {}) {
    // "has no keys" and the like say themselves what was found.
    auto found = expected.starts_with("must") ? describe(x) : std::string{};
    wrong_.push_back(
        {found, std::move(expected), std::move(remedy), x.line, at_ + inside});
  }

  void read_key(partition_keys::list& to, const value& x, const char* expected) {
    auto* key = x.as<std::string>();
    if (!key)
      return complain(x, expected, "keys are strings; write them in quotes");
    auto reason = why_no_partition_key(*key);
    if (!reason.empty())
      return complain(x, "must be a key that a NATS subject can hold", "it " + reason);
    to.push_back(*key);
  }

  void read_keys(partition& to, const value& x, const char* expected) {
    partition_keys::list keys;
    auto* items = x.as<value_list>();
    if (items && items->empty())
      complain(x, "has no keys", "every partition needs at least one");
    else if (items)
      for (const auto& item : *items)
        read_key(keys, item, expected);
    else
      read_key(keys, x, expected);
    to.keys = std::move(keys);
  }

  void read_table(partition& to, const value& x, const value_table& members) {
    bool has_keys = false;
    for (const auto& [key, content] : members) {
      has_keys = has_keys || key == "keys";
      if (key == "keys")
        read_keys(to, content, "must be an array of strings");
      else if (key == "weight")
        read_weight(to, content);
      else
        complain(content, "unknown key", "a partition has keys and weight", "." + key);
    }
    if (!has_keys)
      complain(x, "has no keys",
               "write it as { keys = [\"orders\", \"7\"], weight = 100 }");
  }

  void read_weight(partition& to, const value& x) {
    auto* weight = x.as<std::int64_t>();
    if (!weight || *weight < 0 || *weight > max_weight)
      return complain(x, "must be an integer from 0 to " + std::to_string(max_weight), {},
                      ".weight");
    to.weight = *weight;
  }

  std::vector<partition> partitions_;
  complaints& wrong_;
  std::string at_;
};

std::string text_of(const partition& x) {
  auto keys = "[" + joined(x.keys, in_quotes) + "]";
  if (x.weight == partition{}.weight)
    return keys;
  return "{ keys = " + keys + ", weight = " + std::to_string(x.weight) + " }";
}

} // namespace

option partition_list_option(field<std::vector<partition>> f) {
  auto read = [](const value& x, refusals& refuse) {
    if (auto* items = x.as<value_list>())
      return list_reader{refuse.all}.read(x, *items);
    refuse.expected = "must be an array of partitions";
    refuse(x, "write it as [\"orders.7\", [\"orders\", \"8\"]]");
    return std::vector<partition>{};
  };
  auto shown = [](const std::vector<partition>& xs) {
    auto text = joined(xs, text_of);
    return text.empty() ? text : "[" + text + "]";
  };
  return option_of(
      f, option_type::list,
      "an array; each item a key (\"orders\"), an array of keys "
      "([\"orders\", \"7\"]) or a table ({ keys = [\"orders\", \"7\"], weight = "
      "100 }, weight from 0 to "
          + std::to_string(max_weight) + ")",
      read, shown);
}

} // namespace partita::config
