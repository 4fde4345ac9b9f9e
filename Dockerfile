# The engine as an image: hash-locked requirements, installed once and compiled once; a user without rights, no compiler.
#
# BASE is a tag, no digest: only who builds can look up which digest is current, and one that is never moved keeps
# Debian's mended faults out for ever. To build twice from the same base, name it with its digest:
#   docker build --build-arg BASE=python:3.11-slim-bookworm@sha256:… .
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /opt/venv
COPY requirements.lock ./
RUN /opt/venv/bin/pip install --no-cache-dir --no-compile --only-binary :all: --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY core core
COPY files files
COPY actors actors
COPY config config
COPY reading reading
COPY page page
COPY cli cli
COPY gateway gateway
COPY lab lab
RUN /opt/venv/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /opt/venv/bin/pip install --no-cache-dir --no-compile --no-deps --no-index /wheels/*.whl \
    && /opt/venv/bin/pip check
# Not by the time of each source, which copying may change: a read-only image could never write what it then lacks.
RUN /opt/venv/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/venv/lib

FROM ${BASE}
# Python's images come without the bytecode of its own library. What of it is no code of this version is left out.
RUN python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash -x 'lib2to3|/tests?/|dist-packages|site-packages' \
        "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && groupadd --gid 10001 cerbero \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin cerbero \
    && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /opt/venv /opt/venv
# The strategy of the current folder is the one that is read; a mounted folder takes the place of this one.
WORKDIR /etc/cerbero-bite
COPY strategy.yaml ./

ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CERBERO_BITE_DATA_DIR=/data
USER 10001:10001
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=120s --retries=3 CMD ["cerbero-bite", "healthcheck"]
ENTRYPOINT ["cerbero-bite"]
CMD ["start"]
