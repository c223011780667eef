# Filo in a container, for PostgreSQL beside it (docker-compose.yml).
#
# Written with care but not run: no container engine was at hand where Filo is
# developed. Whoever runs it first is asked to report.

FROM node:20-bookworm-slim AS assets
WORKDIR /src
COPY package.json package-lock.json ./
COPY scripts ./scripts
RUN scripts/install-tools assets

FROM rust:1.95-slim-bookworm AS build
# The image's own toolchain, without fetching rustfmt and clippy for it.
ENV RUSTUP_TOOLCHAIN=1.95.0
WORKDIR /src
COPY . .
COPY --from=assets /src/crates/filo-http/assets/vendor crates/filo-http/assets/vendor
# libpq and SQLite are built from source: the image's C compiler is all it takes.
RUN cargo build --locked --release --package filo

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/filo filo
COPY --from=build /src/target/release/filo /usr/local/bin/filo
COPY --from=build /src/LICENSE /usr/share/doc/filo/LICENSE
COPY --from=build /src/config /etc/filo
USER filo
WORKDIR /var/lib/filo
ENV FILO__CONFIG=/etc/filo/filo.toml \
    FILO__DATA_DIR=/var/lib/filo \
    FILO__HTTP__BIND=0.0.0.0:8080
VOLUME /var/lib/filo
EXPOSE 8080
# Ready means that the database answers; the slim image has bash but no curl.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/ready HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["filo"]
CMD ["serve"]
