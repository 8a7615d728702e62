// SPDX-License-Identifier: Apache-2.0
#include "memory_streams.hpp"

#include <algorithm>

namespace partita::store {

namespace {

constexpr std::size_t page = 2;

template <class Answer>
Answer failure(stream_status how, std::uint32_t error, std::string why) {
  Answer result;
  result.status = how;
  result.error = error;
  result.why = std::move(why);
  return result;
}

consumer_answer no_consumer(const std::string& name) {
  return failure<consumer_answer>(stream_status::missing,
                                  stream_error::consumer_not_found,
                                  "there is no consumer '" + name + "'");
}

} // namespace

template <class Answer>
const memory_streams::stream* memory_streams::find(const std::string& name,
                                                   Answer& otherwise) const {
  auto i = streams_.find(name);
  if (i != streams_.end())
    return &i->second;
  otherwise = failure<Answer>(stream_status::missing, stream_error::stream_not_found,
                              "there is no stream '" + name + "'");
  return nullptr;
}

stream_answer memory_streams::answer(const stream_look& x) const {
  stream_answer result;
  if (const auto* found = find(x.stream, result)) {
    result = {stream_status::done, 0, found->facts, {}};
    result.stream.consumers = found->consumers.size();
  }
  return result;
}

stream_answer memory_streams::answer(const stream_make& x, std::int64_t now_ns) {
  auto& facts = streams_[x.stream].facts;
  if (facts.name.empty()) {
    facts.name = x.stream;
    facts.created_at_ns = now_ns;
    facts.first_sequence = 1;
    facts.replicas = x.replicas;
  }
  facts.subjects = x.subjects;
  facts.transform = x.transform;
  return answer(stream_look{x.stream});
}

consumer_answer memory_streams::answer(const consumer_make& x, std::int64_t now_ns) {
  consumer_answer result;
  if (!find(x.stream, result))
    return result;
  auto refused = [](std::uint32_t error, const char* why) {
    return failure<consumer_answer>(stream_status::refused, error, why);
  };
  auto& in = streams_.at(x.stream);
  auto i = in.consumers.find(x.consumer.name);
  if (i != in.consumers.end()) {
    if (i->second.spec == x.consumer)
      return {stream_status::done, 0, i->second.facts, {}};
    return failure<consumer_answer>(stream_status::conflict, 0,
                                    "a consumer of this name has another configuration");
  }
  if (in.facts.retention == stream_retention::work_queue) {
    if (x.consumer.start != 0)
      return refused(stream_error::not_deliver_all,
                     "a work queue is read from its start");
    if (std::any_of(in.consumers.begin(), in.consumers.end(), [&](const auto& y) {
          return y.second.spec.filter == x.consumer.filter;
        }))
      return refused(stream_error::not_unique, "there is a consumer with this filter");
  }
  if (in.facts.most_consumers > 0
      && in.consumers.size() >= static_cast<std::size_t>(in.facts.most_consumers))
    return refused(stream_error::too_many_consumers, "the stream has enough consumers");
  consumer made;
  made.spec = x.consumer;
  made.facts.name = x.consumer.name;
  made.facts.start = x.consumer.start;
  made.facts.filter = x.consumer.filter;
  made.facts.created_at_ns = now_ns;
  in.consumers.emplace(x.consumer.name, made);
  return {stream_status::done, 0, made.facts, {}};
}

consumer_answer memory_streams::answer(const consumer_remove& x) {
  consumer_answer result;
  if (!find(x.stream, result))
    return result;
  if (streams_.at(x.stream).consumers.erase(x.name) == 0)
    return no_consumer(x.name);
  return {stream_status::done, 0, {}, {}};
}

consumer_answer memory_streams::answer(const consumer_look& x) const {
  consumer_answer result;
  const auto* in = find(x.stream, result);
  if (!in)
    return result;
  auto i = in->consumers.find(x.name);
  if (i == in->consumers.end())
    return no_consumer(x.name);
  return {stream_status::done, 0, i->second.facts, {}};
}

consumer_names memory_streams::answer(const consumer_list& x) const {
  consumer_names result;
  const auto* in = find(x.stream, result);
  if (!in)
    return result;
  result.status = stream_status::done;
  result.total = in->consumers.size();
  std::uint64_t number = 0;
  for (const auto& [name, y] : in->consumers)
    if (number++ >= x.offset && result.names.size() < page)
      result.names.push_back(name);
  return result;
}

void memory_streams::set(const set_stream& x) {
  auto& at = streams_[x.stream.name];
  if (at.facts.created_at_ns != x.stream.created_at_ns)
    at.consumers.clear();
  at.facts = x.stream;
}

void memory_streams::set(const set_consumer& x) {
  auto& at = streams_[x.stream].consumers[x.consumer.name];
  at.facts = x.consumer;
  at.spec.name = x.consumer.name;
  at.spec.start = x.consumer.start;
  at.spec.filter = x.consumer.filter;
}

} // namespace partita::store
