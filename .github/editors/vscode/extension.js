// Starts `cnnspec lsp` for TOML files; the language client does the rest.
"use strict";

const { window, workspace } = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

let client;

async function activate() {
  const [command, ...args] = workspace.getConfiguration("cnnspec").get("command");
  client = new LanguageClient(
    "cnnspec",
    "cnnspec",
    { command, args },
    { documentSelector: [{ language: "toml" }] },
  );
  try {
    await client.start();
  } catch (error) {
    const help = "install it with pip install 'cnnspec[editor]', or set cnnspec.command";
    window.showErrorMessage(`${[command, ...args].join(" ")} does not start: ${help}`);
  }
}

async function deactivate() {
  await client?.stop();
}

module.exports = { activate, deactivate };
