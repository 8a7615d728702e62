# SPDX-License-Identifier: Apache-2.0
# What is installed for applications that embed partita: what they include by name
# (docs/embedding.md), and what that includes. All other headers are internal. A header here
# may include the C++ library, CAF and headers of this list, nothing else.

set(PARTITA_PUBLIC_HEADERS
    # For programs without CAF.
    embed/member.hpp
    # To start workers, their stores and sources.
    embed/host.hpp
    actors/options.hpp
    actors/sources/bucket_source.hpp
    actors/sources/file_source.hpp
    actors/sources/static_source.hpp
    actors/sources/stream_source.hpp
    actors/supervisor/supervisor.hpp
    core/strategies/planning.hpp
    core/strategies/strategies.hpp
    messages/interfaces.hpp
    store/memory/memory_store.hpp
    store/nats/nats_store.hpp
    # What these include.
    actors/deadline_observer.hpp
    actors/worker_clock.hpp
    core/time.hpp
    core/used_nonce.hpp
    messages/caf/compatibility.hpp
    messages/entries.hpp
    messages/enumeration.hpp
    messages/events.hpp
    messages/ids.hpp
    messages/message.hpp
    messages/options.hpp
    messages/partition.hpp
    messages/record.hpp
    messages/reports.hpp
    messages/session_terms.hpp
    messages/stats.hpp
    messages/store.hpp
    messages/streams.hpp)
