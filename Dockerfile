# syntax=docker/dockerfile:1
# The image, made with Docker: built in Debian slim, and then the same files as examples/image/build.sh puts into it.
#   docker build --tag meshcheck:0.1.0 .
FROM debian:12-slim AS build
WORKDIR /source
# The packages change more seldom than the source.
COPY tools/packages tools/packages
RUN tools/packages build \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*
COPY . .
RUN cmake --preset release -DBUILD_TESTING=OFF \
    && cmake --build --preset release --target meshcheck-server meshcheck-agent meshcheck-agent-hostnet \
       meshcheck-smoke-mini meshctl
RUN examples/image/rootfs.sh build/release /image \
    && chown 65532:65532 /image/data \
    && chmod 1777 /image/tmp

# No shell and no package manager: nothing in it but the programs and what they load.
FROM scratch
LABEL org.opencontainers.image.title="meshcheck" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /image/ /
ENV PATH=/usr/bin
WORKDIR /data
USER 65532:65532
EXPOSE 8081/tcp 8862/udp
CMD ["/usr/bin/meshcheck-server"]
