// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/api.hpp"
#include "partita/store/nats/client/connection.hpp"

#include <memory>
#include <string>

namespace partita::test {

/// A client of its own, for what a test does behind the back of the store under test.
/// Blocks; throws std::runtime_error if the server does not answer within ten seconds.
class nats_client {
public:
  explicit nats_client(nats_options options);
  explicit nats_client(const std::string& url);
  ~nats_client();

  nats::message request(const std::string& subject, const std::string& data = {},
                        const nats::header_list& headers = {});

  /// The API's answer; throws if it is an error.
  void api(const std::string& what, const std::string& data = {});

  void delete_bucket(const std::string& name);
  void make_bucket(const nats::stream_options& options);
  void put(const std::string& bucket, const std::string& key, const std::string& value);
  nats::stream_info info(const std::string& bucket);
  /// How many consumers there are on the bucket's stream.
  std::size_t consumers(const std::string& bucket);

private:
  class answers;
  std::shared_ptr<answers> answers_;
  nats::connection connection_;
  nats::connection::port port_;
  std::uint64_t tickets_ = 0;
};

} // namespace partita::test
