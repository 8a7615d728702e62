// SPDX-License-Identifier: Apache-2.0
#include "partita/core/stream_listing.hpp"

#include <algorithm>
#include <charconv>

namespace partita::core {

namespace {

/// Failures that may pass by themselves are reported only after this many looks.
constexpr int silent_failures = 3;
/// A list of more would not be read within a plan.
constexpr std::uint32_t most_partitions = 1'000'000;
constexpr const char* hint =
    "; `partita stream init` gives a stream one, `partita stream check` shows it";

std::vector<std::string_view> tokens_of(std::string_view subject) {
  std::vector<std::string_view> result;
  for (auto end = subject.find('.'); end != subject.npos; end = subject.find('.')) {
    result.push_back(subject.substr(0, end));
    subject.remove_prefix(end + 1);
  }
  result.push_back(subject);
  return result;
}

/// `{{ Partition(64, 1) }}` as `partition(64,1)`; empty: the token is no function.
std::string function_in(std::string_view token) {
  if (!token.starts_with("{{") || !token.ends_with("}}"))
    return {};
  std::string result;
  for (auto c : token.substr(2, token.size() - 4))
    if (c != ' ')
      result += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::uint32_t count_in(std::string_view token) {
  constexpr std::string_view start = "partition(";
  auto function = function_in(token);
  std::uint32_t result = 0;
  if (function.starts_with(start))
    std::from_chars(function.data() + start.size(), function.data() + function.size(),
                    result);
  return result;
}

bool may_be_equal(std::string_view filter, std::string_view stored) {
  if (filter == "*" || stored == "*")
    return true;
  auto is_number = [](std::string_view x) {
    return std::all_of(x.begin(), x.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  if (auto count = count_in(stored); count > 0)
    return filter == "{partition}" || is_number(filter);
  return !function_in(stored).empty() || filter == stored;
}

/// Whether a subject can be both.
bool overlap(std::string_view filter, std::string_view stored) {
  auto xs = tokens_of(filter);
  auto ys = tokens_of(stored);
  for (std::size_t i = 0;; ++i) {
    if (i == xs.size() || i == ys.size())
      return xs.size() == ys.size();
    // The latter functions make any number of tokens.
    if (xs[i] == ">" || ys[i] == ">" || function_in(ys[i]).starts_with("split")
        || function_in(ys[i]).starts_with("slice"))
      return true;
    if (!may_be_equal(xs[i], ys[i]))
      return false;
  }
}

} // namespace

std::uint32_t partition_count(const subject_transform& x) {
  std::uint32_t result = 0;
  for (auto token : tokens_of(x.destination))
    result = std::max(result, count_in(token));
  return result;
}

std::optional<subject_transform> transform_for(const std::string& subjects,
                                               std::uint32_t count) {
  std::string destination;
  int wildcards = 0;
  for (auto token : tokens_of(subjects)) {
    if (token.empty())
      return std::nullopt;
    if (token == "*" && ++wildcards == 1)
      destination += "{{partition(" + std::to_string(count) + ",1)}}.";
    destination +=
        token == "*" ? "{{wildcard(" + std::to_string(wildcards) + ")}}" : token;
    destination += '.';
  }
  destination.pop_back();
  if (wildcards == 0 || count == 0)
    return std::nullopt;
  return subject_transform{subjects, std::move(destination)};
}

std::string why_no_partitions(const stream_facts& x) {
  auto stream = "the stream " + x.name;
  if (x.transform.destination.empty())
    return stream + " has no subject transform" + hint
           + ". nats-server before 2.10 drops it: use `mappings` of the server there, "
             "and "
             "partitions.list";
  auto count = partition_count(x.transform);
  if (count == 0)
    return stream + " has the subject transform " + x.transform.destination
           + ", expected one with {{partition(n,...)}}" + hint;
  if (count > most_partitions)
    return stream + " has " + std::to_string(count) + " partitions, expected at most "
           + std::to_string(most_partitions);
  return {};
}

std::string why_not_changed(const stream_facts& x, const subject_transform& wanted) {
  if (x.transform == wanted)
    return {};
  auto stream = "the stream " + x.name;
  if (!x.transform.destination.empty())
    return stream + " has the subject transform " + x.transform.source + " to "
           + x.transform.destination + ", expected " + wanted.source + " to "
           + wanted.destination
           + ": after a change the messages of one key are in two partitions, so their "
             "order is lost; change it by hand once all messages are processed";
  if (x.last_sequence >= x.first_sequence && x.last_sequence > 0)
    return stream
           + " holds messages without a partition in their subjects, which no "
             "consumer of a partition would get: process them first, then purge it, "
             "or use another stream";
  return {};
}

std::string why_no_match(const stream_facts& x, std::string_view filter) {
  auto stored = x.subjects;
  if (const auto& [from, to] = x.transform; !to.empty()) {
    // Others may keep their subjects.
    std::erase_if(stored, [&](const auto& y) { return y == from || from == ">"; });
    stored.insert(stored.begin(), to);
  }
  if (x.has_sources || stored.empty()
      || std::any_of(stored.begin(), stored.end(),
                     [&](const auto& y) { return overlap(filter, y); }))
    return {};
  return "the filter " + std::string{filter} + " matches no message of the stream "
         + x.name + ", which stores them as " + stored.front()
         + ": a filter is compared with the transformed subject";
}

stream_listing::news stream_listing::answered(const stream_answer& x) {
  if (x.status != stream_status::done) {
    auto may_pass =
        x.status == stream_status::not_connected || x.status == stream_status::unknown;
    if (may_pass && ++failures_ < silent_failures)
      return {};
    auto remedy =
        x.status == stream_status::missing ? "; `partita stream init` makes it" : "";
    return unavailable{"the stream " + stream_ + " cannot be read: "
                       + (x.why.empty() ? to_string(x.status) : x.why) + remedy};
  }
  failures_ = 0;
  if (created_.value_or(x.facts.created_at_ns) != x.facts.created_at_ns)
    return unavailable{
        "the stream " + stream_
        + " was deleted and made again, so that its sequences begin again: "
          "empty or rename the sink, remove the group's claims, and start "
          "the workers again"};
  created_ = x.facts.created_at_ns;
  if (auto why = why_no_partitions(x.facts); !why.empty())
    return unavailable{std::move(why)};
  list result;
  for (std::uint32_t i = 0; i < partition_count(x.facts.transform); ++i)
    result.push_back({{std::to_string(i)}});
  return result;
}

} // namespace partita::core
