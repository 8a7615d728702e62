// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/partition_entry.hpp"

#include "partita/messages/json_members.hpp"
#include "partita/messages/keys.hpp"

namespace partita {

namespace {

/// NATS takes subjects of about 4 KB; ours also hold the name of the bucket.
constexpr std::size_t longest_name = 1024;

/// As people see it: bytes of other characters one by one would say nothing.
std::string shown(char c) {
  auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == 0x7F)
    return "a control character";
  return byte > 0x7F ? "a character beyond ASCII" : std::string{"'"} + c + "'";
}

} // namespace

std::string partition_key(std::string_view name) {
  return std::string{partition_prefix} + std::string{name};
}

partition partition_named(std::string_view name) {
  partition_keys::list keys;
  for (auto end = name.find('.'); end != name.npos; end = name.find('.')) {
    keys.emplace_back(name.substr(0, end));
    name.remove_prefix(end + 1);
  }
  keys.emplace_back(name);
  return {std::move(keys)};
}

std::string why_no_entry(std::string_view name) {
  constexpr auto remedy = "; a name in a bucket has letters, digits and -_/= in parts "
                          "joined by dots: choose another name";
  if (name.empty())
    return std::string{"is empty"} + remedy;
  if (name.size() > longest_name)
    return "has " + std::to_string(name.size()) + " bytes, expected at most "
           + std::to_string(longest_name) + ": choose a shorter name";
  for (auto c : name)
    if (!is_key_letter(c) && c != '.')
      return "holds " + shown(c) + remedy;
  if (name.front() == '.' || name.back() == '.' || name.find("..") != name.npos)
    return std::string{"has an empty part"} + remedy;
  return {};
}

std::string entry_text(const partition& x) {
  return nlohmann::json{{"weight", x.weight}}.dump();
}

decoded<partition> partition_from(std::string_view key, std::string_view value) {
  using namespace json_members;
  auto name = key.substr(partition_prefix.size());
  if (auto why = why_no_entry(name); !why.empty())
    return malformed{"the name " + why};
  return read<partition>(value, [name](const json& obj) {
    auto result = partition_named(name);
    const auto* weight = find(obj, "weight");
    if (!weight)
      return result;
    if (!weight->is_number_integer() || *weight < 0 || *weight > max_partition_weight)
      fail(at("weight") + "expected a whole number from 0 to "
           + std::to_string(max_partition_weight) + ", found " + dump(*weight));
    result.weight = weight->get<std::int64_t>();
    return result;
  });
}

} // namespace partita
