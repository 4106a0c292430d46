# The page with its packages; the workspace is a volume. PIP_OPTIONS may name where other builds of torch come from.
#   docker build -t cai-workbench .
#   docker run --rm -it -v cai:/data cai-workbench python -m cai_ui users add me --role owner
#   docker run -p 7860:7860 -v cai:/data cai-workbench
FROM python:3.12-slim

ARG PIP_OPTIONS=""
RUN useradd --create-home --uid 1000 cai && install -d -o cai -m 0700 /data
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir $PIP_OPTIONS -r requirements.txt
COPY app.py README.md ./
COPY cai_ui ./cai_ui
COPY principles ./principles

ENV CAI_HOME=/data CAI_HOST=0.0.0.0 CAI_ACCESS=team HF_HOME=/data/hub PYTHONUNBUFFERED=1
USER cai
VOLUME /data
EXPOSE 7860
# The model may take minutes to load, and the page is of use before: so it is asked whether it lives, not whether it is ready.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ.get('CAI_PORT', '7860') + '/healthz', timeout=4)"]
STOPSIGNAL SIGTERM
CMD ["python", "app.py"]
