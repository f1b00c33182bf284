# One image for web, worker and beat; compose.yaml and the Procfile say what each runs.
FROM python:3.12-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    RISKOPS_VAR=/data STATICFILES_COLLECTED=yes RISKOPS_ENVIRONMENT=production
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt
COPY . .
# Throw-away keys: the files gathered here do not depend on them, and none stays in the image.
RUN useradd --system --home /data --create-home riskops \
    && python -m tools.messages compile \
    && RISKOPS_ENVIRONMENT=build STATIC_ROOT=/app/staticfiles RISKOPS_VAR=/tmp/build \
       python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build
ENV STATIC_ROOT=/app/staticfiles
USER riskops
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "riskops.wsgi"]
