// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE messages.members

#include "partita/messages/codec.hpp"
#include "partita/messages/control_codec.hpp"
#include "partita/messages/enumeration.hpp"

#include <caf/test/unit_test.hpp>

#include <tuple>

using namespace partita;
using namespace std::chrono_literals;

/// No member of an entry is forgotten: the compiler counts the members of each struct, each
/// value in them is changed in turn, and the change must show.
namespace {

// -- all members of a struct ------------------------------------------------------------

struct anything {
  template <class T>
  operator T() const;
};

template <class T, class... Args>
constexpr std::size_t member_count() {
  if constexpr (requires { T{Args{}..., anything{}}; })
    return member_count<T, Args..., anything>();
  else
    return sizeof...(Args);
}

#define TIE_IF(count, ...)                                                               \
  if constexpr (member_count<T>() == count) {                                            \
    auto& [__VA_ARGS__] = x;                                                             \
    return std::tie(__VA_ARGS__);                                                        \
  } else

template <class T>
auto members_of(T& x) {
  TIE_IF(1, a)
  TIE_IF(2, a, b)
  TIE_IF(3, a, b, c)
  TIE_IF(4, a, b, c, d)
  TIE_IF(5, a, b, c, d, e)
  TIE_IF(6, a, b, c, d, e, f)
  TIE_IF(7, a, b, c, d, e, f, g)
  TIE_IF(8, a, b, c, d, e, f, g, h)
  TIE_IF(9, a, b, c, d, e, f, g, h, i)
  TIE_IF(10, a, b, c, d, e, f, g, h, i, j)
  TIE_IF(11, a, b, c, d, e, f, g, h, i, j, k)
  TIE_IF(12, a, b, c, d, e, f, g, h, i, j, k, l)
  TIE_IF(13, a, b, c, d, e, f, g, h, i, j, k, l, m)
  TIE_IF(14, a, b, c, d, e, f, g, h, i, j, k, l, m, n)
  static_assert(member_count<T>() == 0, "add a line for so many members");
}

// -- another value ----------------------------------------------------------------------

template <class T>
T other(T x) {
  if constexpr (std::is_same_v<T, bool>)
    return !x;
  else if constexpr (std::is_enum_v<T>)
    return static_cast<T>((static_cast<std::size_t>(x) + 1) % count_of<T>);
  else
    return ++x;
}

partition_keys other(const partition_keys&) {
  return {"another"};
}

/// Keys are restricted; a digit may stand in each of them.
std::string other(std::string x) {
  if (x.empty())
    return "1";
  x.back() = x.back() == '0' ? '1' : '0';
  return x;
}

/// Where a value is: the number of a member, and of the members in it.
using place = std::string;

/// Changes each value in `x`, calls `f` with its place, and takes the change back.
template <class T, class F>
void change_each(T& x, const F& f, const place& where) {
  auto was = x;
  x = other(was);
  f(where);
  x = was;
}

template <class Tag, class T, class F>
void change_each(strong<Tag, T>& x, const F& f, const place& where) {
  change_each(x.value, f, where);
}

template <class T, class F>
void change_each(std::optional<T>& x, const F& f, const place& where) {
  CAF_REQUIRE(x.has_value());
  change_each(*x, f, where);
}

template <class T, class F>
void change_each(std::vector<T>& xs, const F& f, const place& where) {
  CAF_REQUIRE(!xs.empty());
  change_each(xs.front(), f, where);
}

template <class Key, class T, class F>
void change_each(std::map<Key, T>& xs, const F& f, const place& where) {
  CAF_REQUIRE(!xs.empty());
  change_each(xs.begin()->second, f, where);
}

template <class... Ts, class F>
void change_each(std::variant<Ts...>& x, const F& f, const place& where) {
  std::visit([&](auto& y) { change_each(y, f, where); }, x);
}

template <class T, class F>
requires(std::is_aggregate_v<T>) void change_each(T& x, const F& f, const place& where) {
  if constexpr (member_count<T>() > 0)
    std::apply(
        [&](auto&... members) {
          auto number = 0;
          (change_each(members, f, where + '.' + std::to_string(++number)), ...);
        },
        members_of(x));
}

// -- the check --------------------------------------------------------------------------

/// `text_of` writes an entry, `read` reads it again.
template <class T, class Write, class Read>
void check_members(T sample, Write text_of, Read read) {
  auto x = sample;
  auto text = text_of(sample);
  CAF_MESSAGE(text);
  change_each(
      x,
      [&](const place& where) {
        CAF_MESSAGE("member " << where);
        CAF_CHECK(!(x == sample));
        CAF_CHECK_NOT_EQUAL(text_of(x), text);
        auto found = read(text_of(x));
        CAF_CHECK(std::holds_alternative<T>(found) && std::get<T>(found) == x);
      },
      "");
  CAF_CHECK(x == sample);
}

/// How many members a struct lists for CAF.
struct listed {
  template <class... Ts>
  std::size_t operator()(caf::meta::type_name_t, Ts&...) const {
    return sizeof...(Ts);
  }

  template <class T>
  static bool all_of() {
    T x;
    listed count;
    return inspect(count, x) == member_count<T>();
  }
};

// Also the members that have a default are given, by their order: none stays empty.

const record a_record{{3145730},
                      lifecycle::planned_scale,
                      {{{{"orders", "7"}, 100}, {3145730}, "worker-2 was lost"}},
                      {3},
                      {"worker-4"},
                      {"ab12"},
                      {12s, ownership::available},
                      {{{{"orders", "9"}, 50}, "worker-3 joined"}},
                      1};

const beat a_beat{{"n1"},
                  {"n2"},
                  17,
                  beat_state::draining,
                  {{2}, {2097153}},
                  {{2}, {2097154}},
                  {{{"a", "b"}, 3}},
                  250,
                  "zone",
                  {12s, ownership::available},
                  {{"strategy", "sticky"}},
                  "0.1.1",
                  3};

const history_entry a_plan{1700000000,
                           {1795424376},
                           {"worker-4"},
                           lifecycle::planned_scale,
                           "drain of worker-3 by ann@box",
                           "sticky",
                           3,
                           24,
                           8,
                           {{{"worker-1"}, 4}},
                           {{{"worker-3"}, 8}},
                           {"worker-9 takes no part"}};

} // namespace

CAF_TEST(each member of a record and of a heartbeat counts) {
  for (auto format : {1u, 2u})
    check_members(
        a_record, [format](const auto& x) { return to_text(x, format); },
        [](const auto& text) { return record_from(text, 0); });
  check_members(
      a_beat, [](const auto& x) { return to_text(x); },
      [](const auto& text) { return beat_from(text, 0); });
}

CAF_TEST(each member of a record and of a heartbeat is listed for CAF) {
  CAF_CHECK(listed::all_of<record>());
  CAF_CHECK(listed::all_of<grant>());
  CAF_CHECK(listed::all_of<revocation>());
  CAF_CHECK(listed::all_of<beat>());
  CAF_CHECK(listed::all_of<partition>());
}

CAF_TEST(each member of the other entries of a group counts) {
  auto write = [](const auto& x) { return to_text(x); };
  check_members(claim{{"n1"}, "pod-7", 5, 6, true}, write, claim_from);
  check_members(consumer_claim{{3145730}, "g-7-3145730", 5, "g-7-4", 6}, write,
                [](const auto& text) { return consumer_claim_from(text, 0); });
  check_members(leader_entry{{"worker-3"}, 1700000000, {"beef"}}, write, leader_from);
  check_members(epoch_entry{{7}, {"worker-1"}, {"n1"}, "NABC", 5, 6, "why"}, write,
                [](const auto& text) { return epoch_from(text, 0); });
  check_members(group_entry{{"uid"}, "orders", ownership::available}, write, group_from);
}

CAF_TEST(each member of the entries of operators and of the history counts) {
  auto write = [](const directive& x) {
    return directive_key(x.what) + ' ' + to_text(x);
  };
  auto read = [](std::string_view text) {
    auto end = text.find(' ');
    return directive_from(text.substr(0, end), text.substr(end + 1));
  };
  const directive::kind kinds[] = {cordon_directive{{"worker-3"}},
                                   drain_directive{{"worker-3"}},
                                   pin_directive{"orders.7", {"worker-1"}},
                                   pause_directive{"0f3a9c21", 90s},
                                   rebalance_directive{},
                                   step_down_directive{{"worker-4"}, {1795424376}}};
  static_assert(std::size(kinds) == std::variant_size_v<directive::kind>);
  for (const auto& what : kinds)
    check_members(directive{what, 1700000000, "ann@box", "disk is full"}, write, read);
  check_members(
      a_plan, [](const history_entry& x) { return to_text(x); }, history_from);
  check_members(history_id{{9}, 10}, history_key, history_id_from);
  check_members(
      partition{{"orders"}, 50},
      [](const partition& x) { return partition_key(name_of(x)) + ' ' + entry_text(x); },
      [](std::string_view text) {
        auto end = text.find(' ');
        return partition_from(text.substr(0, end), text.substr(end + 1));
      });
}
