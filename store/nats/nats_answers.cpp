// SPDX-License-Identifier: Apache-2.0
#include "partita/store/nats/nats_answers.hpp"

#include "partita/store/nats/client/subjects.hpp"

#include <utility>

namespace partita::store {

namespace {

using kind = nats_outcome::kind;

/// The result of a read that did not succeed.
kv_read failed_read(const nats_outcome& x) {
  switch (x.what) {
  case kind::not_connected:
  case kind::no_responders:
    return {read_status::not_connected, {}, x.why};
  case kind::refused:
    return {read_status::refused, {}, x.why};
  case kind::answered:
  case kind::unknown:
    break;
  }
  return {read_status::unknown, {}, x.why};
}

kv_read read_from(nats::answer<nats::stored_message> x, const std::string& bucket) {
  if (auto* found = std::get_if<nats::stored_message>(&x))
    return {read_status::found, entry_from(std::move(*found), bucket), {}};
  const auto& error = std::get<nats::api_error>(x);
  if (error.err_code == nats::err_code::no_message_found)
    return {read_status::missing, {}, {}};
  auto why = "bucket '" + bucket + "': " + to_string(error);
  return {
      is_final(error) ? read_status::refused : read_status::unknown, {}, std::move(why)};
}

kv_written refusal_from(const nats::api_error& error, const std::string& bucket,
                        const std::string& key) {
  auto why = "'" + key + "' in bucket '" + bucket + "': " + to_string(error);
  if (error.err_code == nats::err_code::wrong_last_sequence)
    return {write_status::conflict, {}, why + "; read it again from the stream's leader"};
  return {is_final(error) ? write_status::refused : write_status::unknown,
          {},
          std::move(why)};
}

} // namespace

kv_written written_from(const nats_outcome& x, const std::string& bucket,
                        const std::string& key) {
  switch (x.what) {
  case kind::answered:
    break;
  case kind::no_responders:
  case kind::not_connected:
    return {write_status::not_connected, {}, x.why};
  case kind::refused:
    return {write_status::refused, {}, "'" + key + "': " + x.why};
  case kind::unknown:
    return {write_status::unknown,
            {},
            x.why + "; write the same again until an answer comes"};
  }
  auto answer = nats::parse_publish_ack(x.answer.data);
  if (const auto* error = std::get_if<nats::api_error>(&answer))
    return refusal_from(*error, bucket, key);
  const auto& ack = std::get<nats::publish_ack>(answer);
  if (ack.stream != nats::stream_of(bucket))
    return {write_status::refused,
            {},
            "'" + key + "' was taken by the stream " + ack.stream + " instead of "
                + nats::stream_of(bucket) + ": its subjects overlap with the bucket's"};
  return {write_status::done, {ack.sequence}, {}};
}

kv_read read_from(nats_outcome x, const std::string& bucket) {
  if (x.what != kind::answered)
    return failed_read(x);
  return read_from(nats::parse_stored(x.answer.data), bucket);
}

kv_entry entry_from(nats::stored_message x, const std::string& bucket) {
  kv_entry result;
  result.key = nats::key_in(bucket, x.subject);
  result.removed = nats::is_removal(x.headers);
  if (!result.removed)
    result.value = std::move(x.data);
  result.revision = {x.sequence};
  result.stored_at_ns = x.stored_at_ns;
  return result;
}

kv_entry entry_from(nats::message news, const nats::delivery& x,
                    const std::string& bucket) {
  return entry_from({std::move(news.subject), std::move(news.data), x.stream_sequence,
                     x.stored_at_ns, std::move(news.headers)},
                    bucket);
}

} // namespace partita::store
