# One image for both processes. It starts the API by default, and the worker with `node dist/worker/main.js`.
# Debian instead of Alpine, because the worker tunes the memory of its children with settings of glibc (docs/decisions.md).
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the folder client/, npm installs nothing for it.
# Not `npm ci`: it fails if the lock file lacks the binaries of a platform.
RUN npm install --no-save --no-audit
COPY tsconfig.json tsconfig.build.json ./
COPY src src
RUN npm run build && npm prune --omit=dev --no-save && rm dist/.tsbuildinfo
# The decoder of HEIC may need a patent licence (docs/operations.md): it stays only with --build-arg HEIC=1.
ARG HEIC=0
RUN [ "$HEIC" = 1 ] || rm -r node_modules/libheif-js

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    UPLOAD_DIR=/data/uploads \
    PROCESSED_DIR=/data/processed
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# The web page is served without a build.
COPY --from=build /app/src/api/page src/api/page
RUN mkdir -p /data/uploads /data/processed && chown -R node:node /data
USER node
VOLUME /data
EXPOSE 3000
# Checks the port of the worker if WORKER_PORT is set, and otherwise the port of the API.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.WORKER_PORT || process.env.PORT || 3000}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/api/main.js"]
