// The binding of the tokenizers library for this machine, which is beside this file for most; elsewhere the package.
const { existsSync } = require("node:fs");
const { join } = require("node:path");

const { platform, arch, report } = process;
const library = {
  linux: report.getReport().header.glibcVersionRuntime === undefined ? "-musl" : "-gnu",
  win32: "-msvc",
};
const binding = join(__dirname, `tokenizers.${platform}-${arch}${library[platform] ?? ""}.node`);
module.exports = require(existsSync(binding) ? binding : "tokenizers");
