# The image of every service; docker-compose.yml names the command of each. It holds no development dependency, no
# compiler and no secret, runs as a user without rights, and writes nothing but to /tmp.

FROM node:24.21.0-bookworm AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
# The slim image has no certificate authorities, which TLS to a Temporal cluster needs.
COPY --from=dependencies /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY . .
RUN node workers/workflow-bundle.ts
ENV NODE_ENV=production HOST=0.0.0.0 METRICS_HOST=0.0.0.0 LOG_FORMAT=json
USER node
EXPOSE 3000 3001 9464
CMD ["node", "api/server.ts"]
