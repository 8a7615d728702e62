// SPDX-License-Identifier: Apache-2.0
#include "memory_streams.hpp"

#include <algorithm>

namespace partita::store {

namespace {

constexpr std::size_t page = 2;

consumer_answer no_consumer(const std::string& name) {
  return {stream_status::missing, {}, "there is no consumer '" + name + "'"};
}

} // namespace

template <class Answer>
const memory_streams::stream* memory_streams::find(const std::string& name,
                                                   Answer& otherwise) const {
  auto i = streams_.find(name);
  if (i != streams_.end())
    return &i->second;
  otherwise = {stream_status::missing, {}, "there is no stream '" + name + "'"};
  return nullptr;
}

stream_answer memory_streams::answer(const stream_look& x) const {
  stream_answer result;
  if (const auto* found = find(x.stream, result)) {
    result = {stream_status::done, found->facts, {}};
    result.facts.consumers = found->consumers.size();
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

consumer_answer memory_streams::answer(const consumer_make& x) {
  consumer_answer result;
  if (!find(x.stream, result))
    return result;
  auto refused = [](const char* why) {
    return consumer_answer{stream_status::refused, {}, why};
  };
  auto& in = streams_.at(x.stream);
  auto i = in.consumers.find(x.consumer.name);
  if (i != in.consumers.end()) {
    if (i->second.spec == x.consumer)
      return {stream_status::done, i->second.facts, {}};
    return {
        stream_status::conflict, {}, "a consumer of this name has another configuration"};
  }
  if (in.facts.retention == stream_retention::work_queue) {
    if (x.consumer.start != 0)
      return refused("a work queue is read from its start");
    if (std::any_of(in.consumers.begin(), in.consumers.end(), [&](const auto& y) {
          return y.second.spec.filter == x.consumer.filter;
        }))
      return refused("there is a consumer with this filter");
  }
  consumer made;
  made.spec = x.consumer;
  made.facts.name = x.consumer.name;
  made.facts.start = x.consumer.start;
  made.facts.filter = x.consumer.filter;
  in.consumers.emplace(x.consumer.name, made);
  return {stream_status::done, made.facts, {}};
}

consumer_answer memory_streams::answer(const consumer_remove& x) {
  consumer_answer result;
  if (!find(x.stream, result))
    return result;
  if (streams_.at(x.stream).consumers.erase(x.name) == 0)
    return no_consumer(x.name);
  return {stream_status::done, {}, {}};
}

consumer_answer memory_streams::answer(const consumer_look& x) const {
  consumer_answer result;
  const auto* in = find(x.stream, result);
  if (!in)
    return result;
  auto i = in->consumers.find(x.name);
  if (i == in->consumers.end())
    return no_consumer(x.name);
  return {stream_status::done, i->second.facts, {}};
}

consumer_names memory_streams::answer(const consumer_list& x) const {
  consumer_names result;
  const auto* in = find(x.stream, result);
  if (!in)
    return result;
  result.status = stream_status::done;
  result.facts.total = in->consumers.size();
  std::uint64_t number = 0;
  for (const auto& [name, y] : in->consumers)
    if (number++ >= x.offset && result.facts.names.size() < page)
      result.facts.names.push_back(name);
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
