// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "partita/store/nats/client/api.hpp"
#include "partita/tests/border/recorder.hpp"
#include "partita/tests/support/nats_server.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace partita::test {

/// A server, and a connection to it with one port.
class border : public ::testing::Test {
protected:
  void begin(nats_server_options server_options = {}, nats_options options = {}) {
    server = std::make_unique<nats_server>(std::move(server_options));
    options.url = {server->url()};
    connect(std::move(options));
  }

  void connect(nats_options options) {
    connection = std::make_unique<nats::connection>(std::move(options));
    port = connection->open_port(sink);
  }

  void TearDown() override {
    if (connection)
      connection->close();
  }

  nats::send_result ask(const std::string& subject, std::string_view data = {}) {
    last = ++tickets;
    return connection->request(port, last, subject, {}, data);
  }

  /// Asks and waits for the answer.
  nats::message answer_to(const std::string& subject, std::string_view data = {}) {
    auto sent = ask(subject, data);
    EXPECT_EQ(sent.status, nats::send_status::sent) << sent.why;
    return sink->wait_answer(last);
  }

  void make_bucket(const std::string& name) {
    auto text = nats::create_stream_request({.bucket = name});
    auto made =
        nats::parse_stream(answer_to("$JS.API.STREAM.CREATE.KV_" + name, text).data);
    ASSERT_TRUE(std::holds_alternative<nats::stream_info>(made));
  }

  std::shared_ptr<recorder> sink = std::make_shared<recorder>();
  std::unique_ptr<nats_server> server;
  std::unique_ptr<nats::connection> connection;
  nats::connection::port port = 0;
  std::atomic<std::uint64_t> tickets{0};
  std::uint64_t last = 0;
};

} // namespace partita::test
