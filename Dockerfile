# Airflow with Tandem: every package comes as a wheel, nothing is compiled, nothing runs as root.
#
#   docker build -t tandem-airflow .

FROM python:3.11-slim-bookworm

# A user of another number (docker run --user 1000:0) works as well: the group is the same, and has the same rights.
RUN useradd --uid 50000 --gid 0 --create-home airflow \
    && mkdir -p /opt/airflow/logs /opt/airflow/staging /opt/airflow/config/integrations \
    && chown -R airflow:0 /opt/airflow \
    && chmod -R g=u /opt/airflow /home/airflow
ENV AIRFLOW_HOME=/opt/airflow HOME=/home/airflow USER=airflow PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1

# Pinned, and by themselves: a change of the code leaves this layer as it is.
WORKDIR /opt/tandem
COPY requirements.txt ./
RUN pip install --no-deps --only-binary :all: -r requirements.txt

COPY pyproject.toml README.md ./
COPY include ./include
RUN pip install --no-deps . && pip check

COPY dags /opt/airflow/dags
COPY plugins /opt/airflow/plugins
WORKDIR /opt/airflow
USER airflow
CMD ["airflow", "version"]
