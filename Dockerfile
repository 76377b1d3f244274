# flow-dc in one image:
#   docker build -t flow-dc .
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" flow-dc download photos.parquet -o ds
# The dataset belongs to whom --user names; without it to user 1000, who must be allowed to write to the folder then.
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund --ignore-scripts && npm rebuild esbuild
COPY . .
RUN npm run build && npm pack --ignore-scripts --pack-destination /tmp

FROM node:22-bookworm-slim
# What submit starts when no server is named, and signals for whatever runs as process 1.
RUN apt-get update && apt-get install -y --no-install-recommends nats-server tini && rm -rf /var/lib/apt/lists/*
COPY --from=build /tmp/flow-dc-*.tgz /tmp/
RUN npm install -g --omit=dev --no-audit --no-fund /tmp/flow-dc-*.tgz && rm /tmp/flow-dc-*.tgz
USER node
WORKDIR /data
ENTRYPOINT ["tini", "--", "flow-dc"]
CMD ["help"]
