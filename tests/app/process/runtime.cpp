// SPDX-License-Identifier: Apache-2.0
#define CAF_SUITE app.runtime

#include "partita/app/process/runtime.hpp"

#include "../../support/process.hpp"

#include "partita/actors/turns.hpp"

#include <nlohmann/json.hpp>

#include <caf/actor_system.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/test/unit_test.hpp>

#include <spdlog/spdlog.h>

#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace partita::app;

CAF_TEST(a log line is one line without control characters) {
  partita::test::temporary_folder folder;
  auto file = folder.file("log", "");
  auto own = ::dup(STDERR_FILENO);
  auto to = ::open(file.c_str(), O_WRONLY | O_TRUNC);
  ::dup2(to, STDERR_FILENO);
  start_logging({});
  spdlog::info("zone {}", "\x1b[2Jz\r\n2026-11-28 00:00:00.000 info forged\a\xc2\x9b"
                          "1m");
  spdlog::default_logger()->flush();
  start_logging({.level = "off"});
  ::dup2(own, STDERR_FILENO);
  ::close(own);
  ::close(to);
  std::ostringstream said;
  said << std::ifstream{file}.rdbuf();
  auto text = said.str();
  CAF_CHECK_EQUAL(text.find('\n'), text.size() - 1);
  CAF_CHECK(text.ends_with(" info zone \\x1B[2Jz\\x0D\\x0A2026-11-28 00:00:00.000 info "
                           "forged\\x07\\xC2\\x9B1m\n"));
}

CAF_TEST(lines for programs that were dropped are counted in a line for programs) {
  partita::test::temporary_folder folder;
  auto fifo = folder.path() + "/log";
  CAF_REQUIRE_EQUAL(::mkfifo(fifo.c_str(), 0600), 0);
  spdlog::drop("partita");
  CAF_REQUIRE(start_logging({.format = "json", .file = fifo}, "orders"));
  // More than waits for the reader.
  constexpr std::size_t all = 10'000;
  for (std::size_t i = 0; i < all; ++i)
    spdlog::info(std::string(1000, 'x'));
  std::ifstream in{fifo};
  std::string line;
  std::size_t read = 0;
  while (std::getline(in, line) && line.find("dropped") == std::string::npos
         && read < all)
    ++read;
  auto gap = nlohmann::json::parse(line);
  CAF_CHECK_EQUAL(gap["level"], "warning");
  CAF_CHECK_EQUAL(gap["group"], "orders");
  CAF_CHECK_EQUAL(gap["component"], "process");
  CAF_CHECK(gap["lines"].get<std::size_t>() + read == all);
  spdlog::default_logger()->flush();
  spdlog::drop("partita");
  start_logging({.level = "off"});
}

CAF_TEST(each turn of the session thread is measured) {
  using clock = std::chrono::steady_clock;
  constexpr std::int64_t busy_us = 12'000;
  runtime_config config;
  caf::actor_system sys{config};
  caf::scoped_actor self{sys};
  auto spawn = [&] {
    return sys.spawn([](caf::event_based_actor*) -> caf::behavior {
      return {[](std::int64_t us) {
        auto end = clock::now() + std::chrono::microseconds{us};
        while (clock::now() < end) {
        }
        return partita::turns_here().longest.count() / 1000;
      }};
    });
  };
  auto ask = [&](const auto& who, std::int64_t us) {
    std::int64_t result = 0;
    self->request(who, caf::infinite, us)
        .receive([&](std::int64_t x) { result = x; },
                 [](const caf::error&) { CAF_FAIL("no answer"); });
    return result;
  };
  // The second one has its turn when that of the first is over.
  CAF_CHECK_LESS(ask(spawn(), busy_us), busy_us);
  CAF_CHECK_GREATER_OR_EQUAL(ask(spawn(), 0), busy_us);
}
