# The recipes call what CI calls. `just` alone lists them.

_list:
    @just --list --unsorted

# Everything that has to hold before a change is merged
ci:
    .ci/run

# Set up what the tests need, once, and run every test; ARGS go to `cargo test`
test *ARGS:
    cargo xtask test {{ARGS}}

# Format the code
fmt:
    cargo fmt --all

# Format check and clippy
lint:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings

# The documentation of the crates, without a broken link
docs *ARGS:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps {{ARGS}}

# Licences, bans, sources and advisories of the dependencies
deny:
    cargo deny --workspace check

# Run one fuzz target: `just fuzz walker 60`
fuzz TARGET SECONDS="60":
    cd fuzz && cargo +nightly fuzz run {{TARGET}} -- -max_total_time={{SECONDS}} -rss_limit_mb=1024

# Regenerate the codec's tables from Kafka's message definitions
schemas *ARGS:
    cargo xtask schemas {{ARGS}}

# Count the instructions of the hot path; `just instructions --write` renews the baselines
instructions *ARGS:
    cargo xtask instructions {{ARGS}}

# Try keg: two virtual clusters before an embedded broker
quickstart *ARGS:
    cargo run --release -p kegd -- quickstart {{ARGS}}
