# The engine as an image: the same hash-locked requirements as everywhere, a user without rights, no compiler.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/venv/bin:$PATH

RUN useradd --create-home --uid 10001 cerbero \
    && python -m venv /opt/venv

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --only-binary :all: --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE run.py strategy.yaml ./
COPY core core
COPY actors actors
COPY config config
COPY reading reading
COPY cli cli
COPY gateway gateway
COPY lab lab
RUN pip install --no-cache-dir --no-deps --no-build-isolation . \
    && pip check \
    && install -d -o cerbero -g cerbero -m 0700 /data

USER cerbero
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=60s --timeout=20s --start-period=120s --retries=3 \
    CMD ["python", "run.py", "healthcheck", "--data-dir", "/data"]
ENTRYPOINT ["python", "run.py"]
CMD ["start", "--data-dir", "/data"]
