# The command alone, run by a user without rights: docker run --rm -v "$PWD:/work" revocab swap MODEL --tokenizer T --out OUT
FROM node:24-bookworm-slim AS build
WORKDIR /source
COPY . .
RUN npm ci --no-audit --no-fund \
  && npm pack --workspace revocab --pack-destination /tmp \
  && npm install --global --prefix /installed --ignore-scripts --no-audit --no-fund /tmp/revocab-*.tgz

FROM node:24-bookworm-slim
COPY --from=build /installed /usr/local
# downloads of the Hub: mount a volume here to keep them
ENV HF_HOME=/home/node/.cache/huggingface
# docker run --user may name anyone
RUN install --directory --mode 1777 "$HF_HOME"
USER node
WORKDIR /work
ENTRYPOINT ["revocab"]
CMD ["--help"]
