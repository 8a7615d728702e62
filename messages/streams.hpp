// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/messages/message.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// The words of the store port for streams of messages and their durable consumers. As in
/// store.hpp an answer is a value, and "no answer" is not "no".
namespace partita {

enum class stream_status : std::uint8_t {
  /// Done, or found.
  done,
  /// There is no such stream, or no such consumer.
  missing,
  /// Certainly not made: there is a consumer of this name with another configuration.
  conflict,
  /// Certainly not done: there was no connection, or no server that answers such requests
  /// at the moment.
  not_connected,
  /// May have been done, may still be. Ask again; all requests can be repeated.
  unknown,
  /// Certainly not done, and asking again will not help before an operator acts.
  refused
};

const char* to_string(stream_status x);

/// The answer to a request about streams or consumers.
template <class Facts>
struct stream_reply {
  stream_status status = stream_status::unknown;
  /// Only with `done`.
  Facts facts;
  /// For people, unless `done`: what was found and what to do.
  std::string why;
  PARTITA_MESSAGE(stream_reply, x.status, x.facts, x.why)
};

// -- streams ----------------------------------------------------------------------------

/// Under which subject a stream stores what is published to `source`. Both empty: under
/// the same one.
struct subject_transform {
  /// `orders.*`
  std::string source;
  /// `orders.{{partition(64,1)}}.{{wildcard(1)}}`
  std::string destination;
  PARTITA_MESSAGE(subject_transform, x.source, x.destination)
};

enum class stream_retention : std::uint8_t {
  /// Messages stay until a limit of the stream is reached.
  limits,
  /// A message goes when every consumer that it is for has acknowledged it.
  interest,
  /// A message goes when its only consumer has acknowledged it.
  work_queue,
  count
};

const char* to_string(stream_retention x);

/// A stream as its leader describes it.
struct stream_facts {
  std::string name;
  /// The server's wall clock when it was made, nanoseconds since 1970: names one
  /// incarnation of the stream, as bucket_identity does.
  std::int64_t created_at_ns = 0;
  /// Of the messages that it holds. Without any, first_sequence is last_sequence + 1, or
  /// both are 0 as long as there was none.
  std::uint64_t first_sequence = 0;
  std::uint64_t last_sequence = 0;
  /// What it takes; empty for a mirror.
  std::vector<std::string> subjects;
  /// Messages come from other streams, too, under any subject.
  bool has_sources = false;
  subject_transform transform;
  stream_retention retention = stream_retention::limits;
  std::uint32_t replicas = 1;
  std::uint64_t consumers = 0;
  /// False for a replicated stream that elects a leader just now.
  bool has_leader = true;
  PARTITA_MESSAGE(stream_facts, x.name, x.created_at_ns, x.first_sequence,
                  x.last_sequence, x.subjects, x.has_sources, x.transform, x.retention,
                  x.replicas, x.consumers, x.has_leader)
};

/// Asks for a stream.
struct stream_look {
  std::string stream;
  PARTITA_MESSAGE(stream_look, x.stream)
};

/// Makes a stream with file storage and limits; sets these subjects and this transform, and
/// nothing else, of one that is there. The answer has what the server made of it: versions
/// before 2.10 drop the transform without a word.
struct stream_make {
  std::string stream;
  std::vector<std::string> subjects;
  subject_transform transform;
  /// Of a stream that is made.
  std::uint32_t replicas = 1;
  PARTITA_MESSAGE(stream_make, x.stream, x.subjects, x.transform, x.replicas)
};

/// The answer to stream_look and stream_make.
using stream_answer = stream_reply<stream_facts>;

// -- consumers --------------------------------------------------------------------------

enum class ack_policy : std::uint8_t {
  /// Each message by itself.
  each,
  /// A message and all before it. A stream of retention `work_queue` refuses it (10098).
  all
};

/// A durable consumer that is pulled from, without an end of its own. Messages are delivered
/// again until they are acknowledged.
struct consumer_spec {
  /// Without dots and spaces.
  std::string name;
  /// The first sequence that it may deliver; 0: all that the stream holds.
  std::uint64_t start = 0;
  /// Compared with the transformed subject; empty: the whole stream.
  std::string filter;
  ack_policy acks = ack_policy::all;
  /// How many messages may be delivered and not acknowledged; -1: any number.
  std::int64_t max_ack_pending = 1000;
  /// After this long without an acknowledgement a message is delivered again.
  std::chrono::milliseconds ack_wait{30'000};
  /// 0: as the stream.
  std::uint32_t replicas = 0;
  bool in_memory = false;
  PARTITA_MESSAGE(consumer_spec, x.name, x.start, x.filter, x.acks, x.max_ack_pending,
                  x.ack_wait, x.replicas, x.in_memory)
};

/// A consumer as its leader describes it.
struct consumer_facts {
  std::string name;
  /// consumer_spec::start and filter.
  std::uint64_t start = 0;
  std::string filter;
  /// Stream sequence up to which all is acknowledged. 0 on a consumer that is new, on most
  /// servers even if it starts later: never trusted alone.
  std::uint64_t ack_floor = 0;
  /// How many messages wait to be delivered for the first time.
  std::uint64_t pending = 0;
  /// How many messages are delivered and not acknowledged.
  std::uint64_t ack_pending = 0;
  /// False for a replicated consumer that elects a leader just now: its numbers are those
  /// of a new one, and a pull from it is not answered.
  bool has_leader = true;
  PARTITA_MESSAGE(consumer_facts, x.name, x.start, x.filter, x.ack_floor, x.pending,
                  x.ack_pending, x.has_leader)
};

/// Makes a consumer. One of this name that has the same configuration is `done`; with
/// another configuration it is a conflict and stays as it is. (nats-server before 2.10 sets
/// max_ack_pending and ack_wait of an existing one, and is `done`.)
struct consumer_make {
  std::string stream;
  consumer_spec consumer;
  PARTITA_MESSAGE(consumer_make, x.stream, x.consumer)
};

/// Deletes a consumer. The answer has no facts.
struct consumer_remove {
  std::string stream;
  std::string name;
  PARTITA_MESSAGE(consumer_remove, x.stream, x.name)
};

struct consumer_look {
  std::string stream;
  std::string name;
  PARTITA_MESSAGE(consumer_look, x.stream, x.name)
};

/// The answer to the three above.
using consumer_answer = stream_reply<consumer_facts>;

/// Asks for the names of the stream's consumers, in their order, from number `offset` on.
struct consumer_list {
  std::string stream;
  std::uint64_t offset = 0;
  PARTITA_MESSAGE(consumer_list, x.stream, x.offset)
};

/// One page of them; the next one begins at offset + names.size().
struct consumer_page {
  std::vector<std::string> names;
  /// How many the stream has, of all pages.
  std::uint64_t total = 0;
  PARTITA_MESSAGE(consumer_page, x.names, x.total)
};
using consumer_names = stream_reply<consumer_page>;

} // namespace partita
