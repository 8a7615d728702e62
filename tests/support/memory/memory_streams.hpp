// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/streams.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <map>
#include <string>

/// The streams of a memory server, as data: what a test sets is what requests find.
namespace partita::store {

/// Sets a stream; one with another `created_at_ns` loses its consumers.
struct set_stream {
  stream_facts stream;
};

/// Deletes a stream with its consumers.
struct delete_stream {
  std::string stream;
};

/// Sets the state of a consumer, which is made if it is missing.
struct set_consumer {
  std::string stream;
  consumer_facts consumer;
};

class memory_streams {
public:
  /// `now_ns`: the server's wall clock.
  stream_answer answer(const stream_look& x) const;
  stream_answer answer(const stream_make& x, std::int64_t now_ns);
  /// A work queue takes no consumer with a start, and one for each filter.
  consumer_answer answer(const consumer_make& x);
  consumer_answer answer(const consumer_remove& x);
  consumer_answer answer(const consumer_look& x) const;
  /// In pages of two.
  consumer_names answer(const consumer_list& x) const;

  void set(const set_stream& x);
  void set(const delete_stream& x) { streams_.erase(x.stream); }
  void set(const set_consumer& x);

private:
  struct consumer {
    consumer_facts facts;
    consumer_spec spec;
  };
  struct stream {
    stream_facts facts;
    std::map<std::string, consumer> consumers;
  };

  template <class Answer>
  const stream* find(const std::string& name, Answer& otherwise) const;

  std::map<std::string, stream> streams_;
};

} // namespace partita::store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::set_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::delete_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(partita::store::set_consumer)
