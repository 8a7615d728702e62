// SPDX-License-Identifier: Apache-2.0
#include "partita/messages/codec.hpp"
#include "partita/messages/json_members.hpp"
#include "partita/messages/packing/gzip.hpp"

#include <algorithm>
#include <map>

namespace partita {

namespace {

using namespace json_members;

/// A longer text is deflated: a server takes values of 1 MiB by default, and a shorter one is
/// written faster as it is.
constexpr std::size_t most_plain = std::size_t{256} << 10;

/// A longer record is of format 2 in any case: an older program could not have written it to
/// a server of the usual limit, and a leader must be able to seal it.
constexpr std::size_t most_of_format_1 = std::size_t{1} << 20;

/// The texts of a record's reasons: each stands there once, and partitions name it by its
/// place.
class reason_list {
public:
  void add(json& to, const std::string& reason) {
    if (reason.empty())
      return;
    auto [i, is_new] = places_.try_emplace(reason, places_.size());
    if (is_new)
      texts_.push_back(reason);
    to["why"] = i->second;
  }

  json take() { return std::move(texts_); }

private:
  std::map<std::string, std::size_t> places_;
  json texts_ = json::array();
};

// -- format 1: each partition by itself -------------------------------------------------

void write_token(json& to, const grant& x) {
  to["token"] = x.token.value;
}

void write_token(json&, const revocation&) {}

template <class Item>
std::string list_of(const std::vector<Item>& xs, reason_list& reasons) {
  auto result = json::array();
  for (const auto& x : xs) {
    json obj = x.partition;
    write_token(obj, x);
    reasons.add(obj, x.reason);
    result.push_back(std::move(obj));
  }
  return dump(result);
}

// -- format 2: groups of one token and reason -------------------------------------------

bool same_group(const grant& x, const grant& y) {
  return x.token == y.token && x.reason == y.reason;
}

bool same_group(const revocation& x, const revocation& y) {
  return x.reason == y.reason;
}

void append_text(std::string& to, const std::string& x) {
  auto plain = std::all_of(x.begin(), x.end(), [](char c) {
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
  });
  if (plain)
    to.append(1, '"').append(x) += '"';
  else
    to += dump(x);
}

/// The name; or the list of keys, where one of them has a dot.
void append_name_text(std::string& to, const partition& x) {
  auto name = name_of(x);
  auto dots = static_cast<std::size_t>(std::count(name.begin(), name.end(), '.'));
  if (dots + 1 == x.keys.size())
    append_text(to, name);
  else
    to += dump(x.keys.all());
}

/// All items from `first` on are of one group.
template <class Iterator>
std::string group_of(Iterator first, Iterator last, reason_list& reasons) {
  json head = json::object();
  write_token(head, *first);
  reasons.add(head, first->reason);
  auto weight = first->partition.weight;
  if (std::all_of(first, last,
                  [&](const auto& x) { return x.partition.weight == weight; }))
    head["weight"] = weight;
  else
    std::for_each(first, last,
                  [&](const auto& x) { head["weights"].push_back(x.partition.weight); });
  auto result = dump(head);
  result.back() = ',';
  result += R"("names":[)";
  for (auto i = first; i != last; ++i) {
    append_name_text(result, i->partition);
    result += ',';
  }
  result.back() = ']';
  return result += '}';
}

/// Groups neighbours only: a record is read back in the order in which it was written.
template <class Item>
std::string groups_of(const std::vector<Item>& xs, reason_list& reasons) {
  std::string result = "[";
  for (auto i = xs.begin(); i != xs.end();) {
    auto end =
        std::find_if_not(i, xs.end(), [&](const Item& x) { return same_group(*i, x); });
    if (i != xs.begin())
      result += ',';
    result += group_of(i, end, reasons);
    i = end;
  }
  return result += ']';
}

partition_keys read_name(const json& x) {
  if (x.is_array())
    return read_keys(x);
  if (!x.is_string())
    fail(at("names") + "expected names or lists of keys, found " + x.dump());
  return partition_named(x.get_ref<const std::string&>()).keys;
}

template <class F>
void read_group(const json& x, F add) {
  const auto& names = need_list(need(x, "names"), "names");
  const auto* weights = find(x, "weights");
  if (weights && need_list(*weights, "weights").size() != names.size())
    fail(at("weights") + "expected one for each of " + std::to_string(names.size())
         + " names, found " + std::to_string(weights->size()));
  auto weight = signed_number_or(x, "weight", 100);
  for (std::size_t i = 0; i < names.size(); ++i)
    add({read_name(names[i]),
         weights ? signed_number((*weights)[i], "weights") : weight});
}

// -- both -------------------------------------------------------------------------------

json head_of(const record& x, std::uint64_t format) {
  json result = {{"v", format},
                 {"version", x.version.value},
                 {"lifecycle", to_string(x.lifecycle)},
                 {"epoch", x.epoch.value},
                 {"leader", x.leader.value},
                 {"worker_nonce", x.worker_nonce.value},
                 {"standby", x.standby}};
  write_terms(result, x.terms);
  return result;
}

/// The members that say which partitions a record names: the rest of an object, with its end.
std::string holdings_of(const record& x, bool grouped) {
  reason_list reasons;
  auto partitions =
      grouped ? groups_of(x.partitions, reasons) : list_of(x.partitions, reasons);
  auto revoking = grouped ? groups_of(x.revoking, reasons) : list_of(x.revoking, reasons);
  return R"("partitions":)" + partitions + R"(,"revoking":)" + revoking + R"(,"reasons":)"
         + dump(reasons.take()) + '}';
}

std::string text_of(const record& x, bool grouped) {
  auto result = dump(head_of(x, grouped ? 2 : 1));
  result.back() = ',';
  return result += holdings_of(x, grouped);
}

/// Calls `add` for each partition that `x`, of the list `partitions` or `revoking`, names.
template <class F>
void each_partition(std::uint64_t format, const json& x, F add) {
  if (format == 1)
    add(read_partition(x));
  else
    read_group(x, add);
}

/// The reason that `x` names in the record. It is informational only: an error in it must
/// not cost a worker its partitions.
std::string read_why(const json& record, const json& x) {
  const auto* texts = find(record, "reasons");
  const auto* place = find(x, "why");
  if (!texts || !texts->is_array() || !place || !place->is_number_unsigned()
      || place->get<std::uint64_t>() >= texts->size())
    return {};
  const auto& found = (*texts)[place->get<std::size_t>()];
  return found.is_string() ? found.get<std::string>() : std::string{};
}

void read_holdings(const json& obj, std::uint64_t format, const numbers& in, record& to) {
  for (const auto& x : need_list(need(obj, "partitions"), "partitions"))
    each_partition(
        format, x,
        [&, token = in.read_version(x, "token"), why = read_why(obj, x)](partition y) {
          to.partitions.push_back({std::move(y), token, why});
        });
  if (const auto* xs = find(obj, "revoking"))
    for (const auto& x : need_list(*xs, "revoking"))
      each_partition(format, x, [&, why = read_why(obj, x)](partition y) {
        to.revoking.push_back({std::move(y), why});
      });
}

record_parts read_parts(const json& x) {
  record_parts result;
  for (const auto& y : need_list(need(x, "numbers"), "numbers"))
    result.numbers.push_back(number(y, "numbers"));
  result.sha256 = text(need(x, "sha256"), "sha256");
  if (result.numbers.empty())
    fail(at("parts") + "expected numbers of parts, found none");
  return result;
}

stored_record read_record(const json& obj, std::int64_t stored_at_ns) {
  auto format = check_format(obj, newest_record_format);
  numbers in{stored_at_ns};
  stored_record result{.value = {}, .stored_at_ns = stored_at_ns};
  auto& to = result.value;
  need(obj, "version");
  to.version = in.read_version(obj, "version");
  // parti leaves the word empty in records that were never published.
  const auto& word_found = need(obj, "lifecycle");
  if (word_found != "")
    to.lifecycle = word<lifecycle>(word_found, "lifecycle");
  to.epoch = in.read_epoch(obj, "epoch");
  to.leader.value = text_or(obj, "leader");
  to.worker_nonce.value = text_or(obj, "worker_nonce");
  to.terms = read_terms(obj);
  to.standby = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(number_or(obj, "standby", 0), 1000));
  if (const auto* parts = find(obj, "parts"))
    result.parts = read_parts(*parts);
  else
    read_holdings(obj, format, in, to);
  return result;
}

} // namespace

std::string to_text(const record& x, std::uint64_t format) {
  if (format < 2 || (x.partitions.empty() && x.revoking.empty()))
    if (auto text = text_of(x, false); text.size() <= most_of_format_1)
      return text;
  auto text = text_of(x, true);
  // A longer one than gzip::most_inflated is too large for one value as well.
  auto deflates = text.size() > most_plain && text.size() <= gzip::most_inflated;
  return deflates ? gzip::deflated(text) : text;
}

split_record split(const record& x, std::size_t most) {
  auto text = '{' + holdings_of(x, true);
  auto all = gzip::deflated(text);
  // A reader takes gzip::most_inflated for each of them.
  auto count = std::max((all.size() + most - 1) / most,
                        (text.size() + gzip::most_inflated - 1) / gzip::most_inflated);
  auto size = (all.size() + count - 1) / count;
  split_record result{{}, gzip::sha256_of(all)};
  for (std::size_t i = 0; i < all.size(); i += size)
    result.parts.push_back(all.substr(i, size));
  return result;
}

std::string to_text(const record& x, const record_parts& parts) {
  auto result = head_of(x, 2);
  result["parts"] = {{"numbers", parts.numbers}, {"sha256", parts.sha256}};
  return dump(result);
}

decoded<stored_record> stored_record_from(std::string_view text,
                                          std::int64_t stored_at_ns) {
  std::string longer;
  if (gzip::is_deflated(text)) {
    if (auto why = gzip::inflate(text, longer, gzip::most_inflated); !why.empty())
      return malformed{std::move(why)};
    text = longer;
  }
  return read<stored_record>(
      text, [=](const json& obj) { return read_record(obj, stored_at_ns); });
}

decoded<record> joined(stored_record x, const part_finder& find) {
  const auto& names = x.parts.numbers;
  if (names.empty())
    return std::move(x.value);
  std::string all;
  for (auto n : names) {
    const auto* found = find ? find(n) : nullptr;
    if (!found)
      return malformed{"its part " + std::to_string(n) + " is missing"};
    all += *found;
  }
  if (gzip::sha256_of(all) != x.parts.sha256)
    return malformed{
        "its parts say something else than it states: SHA-256 of what they say "
        + gzip::sha256_of(all) + ", expected " + x.parts.sha256};
  std::string text;
  if (auto why = gzip::inflate(all, text, gzip::most_inflated * names.size());
      !why.empty())
    return malformed{"its parts: " + why};
  return read<record>(text, [&x](const json& obj) {
    read_holdings(obj, 2, numbers{x.stored_at_ns}, x.value);
    return std::move(x.value);
  });
}

decoded<record> record_from(std::string_view text, std::int64_t stored_at_ns,
                            const part_finder& find) {
  auto found = stored_record_from(text, stored_at_ns);
  if (auto* bad = std::get_if<malformed>(&found))
    return std::move(*bad);
  return joined(std::get<stored_record>(std::move(found)), find);
}

} // namespace partita
