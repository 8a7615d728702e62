// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_streams.hpp"

#include "partita/store/request_counters.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace partita::store {

namespace {

using clock = nats_requests::clock;
using kind = nats_outcome::kind;

/// There is no such consumer, or no such stream.
constexpr int missing_errors[] = {10014, nats::err_code::stream_not_found};
/// Another consumer has the name; servers of different age say it differently.
constexpr int other_consumer_errors[] = {10012, 10013, 10105, 10148};

stream_status status_of(const nats::api_error& x) {
  if (std::ranges::count(missing_errors, x.err_code) != 0)
    return stream_status::missing;
  if (std::ranges::count(other_consumer_errors, x.err_code) != 0)
    return stream_status::conflict;
  return is_final(x) ? stream_status::refused : stream_status::unknown;
}

} // namespace

template <class Facts>
stream_reply<Facts> reply_of(const std::string& stream, const nats_outcome& x) {
  if (x.what == kind::no_responders)
    return {
        stream_status::not_connected, {}, x.why + "; " + std::string{nats::no_jetstream}};
  if (x.what != kind::answered)
    return {failure_as<stream_status>(x.what), {}, x.why};
  auto found = nats::parse_facts<Facts>(x.answer.data);
  if (auto* facts = std::get_if<Facts>(&found))
    return {stream_status::done, std::move(*facts), {}};
  const auto& error = std::get<nats::api_error>(found);
  return {status_of(error), {}, "stream '" + stream + "': " + to_string(error)};
}

template stream_answer reply_of(const std::string&, const nats_outcome&);
template consumer_answer reply_of(const std::string&, const nats_outcome&);
template consumer_names reply_of(const std::string&, const nats_outcome&);

template <>
void ask_streams(nats_requests& by, const stream_make& x, clock::time_point until,
                 std::function<void(stream_answer)> then) {
  auto look = nats::call_for(stream_look{x.stream});
  if (!look.fault.empty())
    return then({stream_status::refused, {}, look.fault});
  by.ask(look.subject, {}, look.text, until, [=, &by](const nats_outcome& y) {
    auto found = reply_of<stream_facts>(x.stream, y);
    auto there = found.status == stream_status::done;
    auto differs =
        found.facts.subjects != x.subjects || found.facts.transform != x.transform;
    if (there ? differs : found.status == stream_status::missing)
      ask_streams<stream_facts>(by, x.stream,
                                nats::call_for(x, there ? y.answer.data : std::string{}),
                                until, then);
    else
      then(found);
  });
}

void ask_for_buckets(nats_requests& by, clock::duration patience,
                     std::function<void(buckets_listed)> then, buckets_listed found,
                     std::size_t known) {
  by.ask("$JS.API.STREAM.NAMES", {}, nats::stream_names_request(known),
         clock::now() + patience, [=, &by](const nats_outcome& x) mutable {
           auto page = x.what == kind::answered ? nats::parse_stream_names(x.answer.data)
                                                : nats::api_error{0, 0, x.why};
           if (const auto* error = std::get_if<nats::api_error>(&page)) {
             found.why = nats::to_string(*error);
             return then(std::move(found));
           }
           const auto& all = std::get<nats::stream_names>(page);
           const auto start = nats::stream_of({});
           for (const auto& name : all.names)
             if (name.starts_with(start))
               found.names.push_back(name.substr(start.size()));
           known += all.names.size();
           if (all.names.empty() || known >= all.total)
             then(std::move(found));
           else
             ask_for_buckets(by, patience, std::move(then), std::move(found), known);
         });
}

} // namespace partita::store
