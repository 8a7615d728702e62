// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/codec.hpp"

#include "partita/messages/failpoint.hpp"
#include "partita/messages/json_members.hpp"
#include "partita/messages/keys.hpp"

#include <charconv>
#include <functional>
#include <map>
#include <vector>

namespace partita {

std::uint64_t json_members::numbers::bounded(const json& obj, const char* key,
                                             std::uint64_t most, const char* what) {
  auto found = number_or(obj, key, 0);
  if (found > most && !failpoint(rule::poison_believed))
    fail(at(key) + std::to_string(found) + " is no " + what
         + " of this group: more than one day ahead of the server's clock, expected "
         + std::to_string(most) + " at most");
  return found;
}

namespace {

using namespace json_members;

json to_json(const stamp& x) {
  return {{"epoch", x.epoch.value}, {"version", x.version.value}};
}

std::vector<partition> read_partitions_or(const json& obj, const char* key) {
  std::vector<partition> result;
  if (const auto* xs = find(obj, key))
    for (const auto& x : need_list(*xs, key))
      result.push_back(read_partition(x));
  return result;
}

/// Informational only: an error in it must not cost a worker its session.
std::map<std::string, std::string> read_settings(const json& obj) {
  constexpr std::size_t most = 16;
  std::map<std::string, std::string> result;
  const auto* found = find(obj, "settings");
  if (!found || !found->is_object())
    return result;
  for (const auto& [name, value] : found->items())
    if (value.is_string() && result.size() < most)
      result.emplace(name, value.get<std::string>());
  return result;
}

} // namespace

std::string to_text(const claim& x) {
  return dump({{"nonce", x.nonce.value},
               {"instance", x.instance},
               {"claimed_at", x.claimed_at},
               {"renewed_at", x.renewed_at},
               {"released", x.released}});
}

namespace {

/// Decodes a text once for all workers of a process: each receives each heartbeat, and each
/// claim at the start, one worker after the other on one thread.
template <class T>
decoded<T> decode_once(std::string_view text, std::int64_t stored_at_ns,
                       decoded<T> (*decode)(std::string_view, std::int64_t)) {
  struct latest {
    std::string text;
    std::int64_t stored_at_ns = 0;
    decoded<T> value;
  };
  // No actor takes more than 50 messages before the next one has its turn.
  thread_local std::vector<latest> known(1024);
  if (failpoint(rule::poison_believed))
    return decode(text, stored_at_ns);
  auto& x = known[std::hash<std::string_view>{}(text) % known.size()];
  if (x.text != text || x.stored_at_ns != stored_at_ns || text.empty())
    x = {std::string{text}, stored_at_ns, decode(text, stored_at_ns)};
  return x.value;
}

decoded<claim> decode_claim(std::string_view text, std::int64_t) {
  return read<claim>(text, [](const json& obj) {
    claim result;
    result.nonce.value = json_members::text(need(obj, "nonce"), "nonce");
    result.instance = text_or(obj, "instance");
    result.claimed_at = signed_number_or(obj, "claimed_at", 0);
    result.renewed_at = signed_number_or(obj, "renewed_at", 0);
    if (const auto* x = find(obj, "released")) {
      if (!x->is_boolean())
        fail(at("released") + "expected true or false, found " + x->dump());
      result.released = x->get<bool>();
    }
    return result;
  });
}

} // namespace

decoded<claim> claim_from(std::string_view text) {
  return decode_once(text, 0, decode_claim);
}

std::string to_text(const consumer_claim& x) {
  return dump({{"v", format_version},
               {"token", x.token.value},
               {"consumer", x.consumer},
               {"start", x.start},
               {"old", x.old},
               {"stream_created", x.stream_created}});
}

decoded<consumer_claim> consumer_claim_from(std::string_view text,
                                            std::int64_t stored_at_ns) {
  return read<consumer_claim>(text, [in = numbers{stored_at_ns}](const json& obj) {
    check_format(obj);
    need(obj, "token");
    consumer_claim result{in.read_version(obj, "token"),
                          json_members::text(need(obj, "consumer"), "consumer"),
                          number(need(obj, "start"), "start"), text_or(obj, "old"),
                          signed_number(need(obj, "stream_created"), "stream_created")};
    if (result.start == 0)
      fail(at("start") + "expected a stream sequence, which begins at 1, found 0");
    return result;
  });
}

std::string to_text(const leader_entry& x) {
  return x.worker_id.value + ':' + std::to_string(x.at) + ':' + x.nonce.value;
}

decoded<leader_entry> leader_from(std::string_view text) {
  auto first = text.find(':');
  auto second = text.find(':', first == text.npos ? first : first + 1);
  if (first == text.npos || first == 0)
    return malformed{"expected <worker id>:<unix seconds>:<nonce>"};
  auto time = text.substr(first + 1, second == text.npos ? second : second - first - 1);
  leader_entry result;
  result.worker_id.value = text.substr(0, first);
  auto [end, error] = std::from_chars(time.data(), time.data() + time.size(), result.at);
  if (error != std::errc{} || end != time.data() + time.size())
    return malformed{"expected unix seconds behind the worker id"};
  if (second != text.npos)
    result.nonce.value = text.substr(second + 1);
  return result;
}

std::string to_text(const epoch_entry& x) {
  json result = {{"v", format_version},
                 {"epoch", x.epoch.value},
                 {"leader", x.leader.value},
                 {"nonce", x.nonce.value}};
  if (!x.server_id.empty())
    result["server_id"] = x.server_id;
  if (x.created != 0)
    result["created"] = x.created;
  if (x.waits_ms != 0) {
    result["waits_ms"] = x.waits_ms;
    result["waits_for"] = x.waits_for;
  }
  return dump(result);
}

decoded<epoch_entry> epoch_from(std::string_view text, std::int64_t stored_at_ns) {
  return read<epoch_entry>(text, [in = numbers{stored_at_ns}](const json& obj) {
    check_format(obj);
    need(obj, "epoch");
    return epoch_entry{in.read_epoch(obj, "epoch"),
                       {text_or(obj, "leader")},
                       {text_or(obj, "nonce")},
                       text_or(obj, "server_id"),
                       signed_number_or(obj, "created", 0),
                       signed_number_or(obj, "waits_ms", 0),
                       text_or(obj, "waits_for")};
  });
}

std::string to_text(const beat& x) {
  json result = {{"v", format_version},
                 {"nonce", x.nonce.value},
                 {"replaces", x.replaces.value},
                 {"at", x.at},
                 {"state", to_string(x.state)},
                 {"applied", to_json(x.applied)},
                 {"seen", to_json(x.seen)},
                 {"stopping", x.stopping},
                 {"capacity", x.capacity},
                 {"zone", x.zone},
                 {"settings", x.settings},
                 {"program_version", x.program_version},
                 {"record_format", x.record_format}};
  write_terms(result, x.terms);
  return dump(result);
}

namespace {

decoded<beat> decode_beat(std::string_view text, std::int64_t stored_at_ns) {
  return read<beat>(text, [in = numbers{stored_at_ns}](const json& obj) {
    check_format(obj);
    beat result;
    result.nonce.value = json_members::text(need(obj, "nonce"), "nonce");
    result.replaces.value = text_or(obj, "replaces");
    result.at = signed_number_or(obj, "at", 0);
    result.state = word<beat_state>(need(obj, "state"), "state");
    result.applied = in.read_stamp(obj, "applied");
    result.seen = in.read_stamp(obj, "seen");
    result.stopping = read_partitions_or(obj, "stopping");
    result.capacity = signed_number_or(obj, "capacity", 100);
    if (result.capacity < 1)
      fail(at("capacity") + "expected at least 1, found "
           + std::to_string(result.capacity));
    result.zone = text_or(obj, "zone");
    result.terms = read_terms(obj);
    result.settings = read_settings(obj);
    result.program_version = text_or(obj, "program_version");
    result.record_format = number_or(obj, "record_format", 1);
    return result;
  });
}

} // namespace

decoded<beat> beat_from(std::string_view text, std::int64_t stored_at_ns) {
  return decode_once(text, stored_at_ns, decode_beat);
}

std::string to_text(const group_entry& x) {
  return dump({{"v", format_version},
               {"group_uid", x.group_uid.value},
               {"group", x.group},
               {"ownership", to_string(x.ownership)}});
}

decoded<group_entry> group_from(std::string_view text) {
  return read<group_entry>(text, [](const json& obj) {
    check_format(obj);
    group_entry result;
    result.group_uid.value = json_members::text(need(obj, "group_uid"), "group_uid");
    result.group = json_members::text(need(obj, "group"), "group");
    result.ownership = word<ownership>(need(obj, "ownership"), "ownership");
    return result;
  });
}

// -- the entries of the partitions bucket ------------------------------------------------

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
