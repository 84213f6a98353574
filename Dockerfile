# One image for both processes: the gateway by default, the admin service by `node admin/main.ts`.

FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Optional packages are the Node binaries for `npm start` (the base image is Node itself) and colours in tables of the
# command line. No production package has native parts; before one comes in, this line must be thought over.
RUN npm ci --omit=dev --omit=optional && npm cache clean --force

# The web console, made with the packages of development; only what comes out of it goes into the image.
FROM node:26-slim AS console
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=optional && npm cache clean --force
COPY admin admin
RUN node node_modules/vite/bin/vite.js build --config admin/ui/vite.config.ts

FROM node:26-slim
ENV NODE_ENV=production DATA_DIR=/data GATEWAY_METRICS_HOST=0.0.0.0 ADMIN_HOST=0.0.0.0
WORKDIR /app
RUN mkdir /data && chown node:node /data
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY scripts/healthcheck.mjs scripts/
COPY registry registry
COPY policies policies
COPY gateway gateway
COPY admin admin
COPY --from=console /app/admin/ui/dist admin/ui/dist
# Code belongs to root and is only read: a process that was taken over cannot change it.
# The user node, by number: Kubernetes' runAsNonRoot takes no names.
USER 1000:1000
VOLUME /data
EXPOSE 8000 8001 9100
# Of the gateway; with another command give another check, as compose.yaml does for the admin service.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD node scripts/healthcheck.mjs "http://127.0.0.1:${GATEWAY_METRICS_PORT:-9100}/healthz"
# Not through npm: the signal to stop must reach the process that drains.
CMD ["node", "gateway/main.ts"]
