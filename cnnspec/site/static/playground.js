// The playground: the editor at the left, and at the right what cnnspec says about the network.
import { makePlainEditor } from "./plain_editor.js";
import { Service } from "./service.js";
import { makeLink, readFragment, unpackText } from "./share.js";

const $ = id => document.getElementById(id);
const PAUSE = 40; // milliseconds without a key before the text is calculated
const script = $("playground-script").dataset;
const addresses = [script.pyodide, script.archive].map(address => new URL(address, document.baseURI).href);
const service = new Service(addresses, showSlow);
let editor, variant = "", view = "table", name = "network";
let changed = false, busy = false, timer, cursorTimer, linkTimer, ready = false;

const later = (timer, action, pause) => { clearTimeout(timer); return setTimeout(action, pause); };
const say = text => { $("status").textContent = text; };
const complain = error => { if (error.message !== "stopped") say(`This did not work: ${error.message}`); };

function showSlow(text, slow) {
  say(text);
  $("stop").hidden = !slow;
}

// A request about the present text: the worker gets the text first, if it has another one.
let written = null;
async function ask(method, ...args) {
  if (!ready) return null;
  const key = `${variant}\n${editor.text}`;
  if (written !== key) {
    written = key;
    service.ask("write", editor.text, variant).catch(complain);
  }
  return service.ask(method, ...args).catch(error => (complain(error), null));
}

const events = {
  change() {
    changed = true;
    timer = later(timer, refresh, PAUSE);
    linkTimer = later(linkTimer, updateAddress, 500);
  },
  cursor() { cursorTimer = later(cursorTimer, explain, PAUSE); },
  hover: (line, character) => ask("hover", line, character),
  complete: (line, character) => ask("complete", line, character),
  documentCompletion: label => ask("document_completion", label).then(html => html ?? ""),
};

async function refresh() {
  if (busy || !ready) return;
  busy = true;
  try {
    while (changed) {
      changed = false;
      const found = await ask("edit");
      if (!found || changed) continue;
      show(found);
      await showView();
      await explain();
    }
  } finally {
    busy = false;
  }
}

function show(found) {
  editor.show(found.hints, found.diagnostics);
  $("stale").hidden = !found.stale;
  name = found.variant || "network";
  document.title = found.title ? `${found.title} - playground - cnnspec` : "Playground - cnnspec";
  $("variants").hidden = found.variants.length < 2;
  $("variant").replaceChildren(...found.variants.map(one => new Option(one, one, false, one === found.variant)));
  const problems = found.diagnostics.map(problemItem);
  $("problems").replaceChildren(...problems);
  const errors = found.diagnostics.filter(one => one.severity === "error").length;
  const others = problems.length - errors;
  $("problems-title").textContent = problems.length ? `Problems: ${[
    errors && `${errors} error${errors > 1 ? "s" : ""}`, others && `${others} remark${others > 1 ? "s" : ""}`,
  ].filter(Boolean).join(", ")}` : "No problems";
}

function problemItem(problem) {
  const item = document.createElement("li"), where = document.createElement("button");
  const { line, character } = problem.range.start;
  item.className = problem.severity;
  where.type = "button";
  where.textContent = `${problem.severity} in line ${line + 1}, column ${character + 1}`;
  where.addEventListener("click", () => editor.moveTo(problem.range.start));
  item.append(where, ` ${problem.message}${problem.code ? ` (${problem.code})` : ""}`);
  if (problem.help) item.append(Object.assign(document.createElement("span"), { className: "hint", textContent: ` ${problem.help}` }));
  for (const fix of problem.fixes) {
    const mend = Object.assign(document.createElement("button"), { type: "button", className: "fix", textContent: fix.title });
    mend.addEventListener("click", () => editor.apply(fix.edits));
    item.append(" ", mend);
  }
  return item;
}

async function showView() {
  const html = await ask("view", view);
  if (html !== null) $("view").innerHTML = html;
}

async function explain() {
  const html = await ask("explain", ...editor.cursor);
  if (html === null) return;
  $("explanation").innerHTML = html || '<p class="none">Put the cursor on a line of layers: its formulas with numbers appear here.</p>';
}

async function updateAddress() {
  history.replaceState(null, "", await makeLink(editor.text, variant));
}

function openText(text, chosen = "") {
  variant = chosen;
  editor.text = text;
}

async function openNetwork(wanted) {
  const found = await ask("open_network", wanted.trim());
  if (!found) return;
  openText(found.text, found.variant);
  $("network").value = "";
  say(`${wanted.trim()} is open.`);
}

function chooseView(tab) {
  view = tab.id.slice("tab-".length);
  for (const one of document.querySelectorAll("[role=tab]")) {
    one.setAttribute("aria-selected", String(one === tab));
    one.tabIndex = one === tab ? 0 : -1;
  }
  $("view").setAttribute("aria-labelledby", tab.id);
  return showView();
}

function addTools() {
  const tabs = [...document.querySelectorAll("[role=tab]")];
  tabs.forEach((tab, i) => {
    tab.addEventListener("click", () => chooseView(tab));
    tab.addEventListener("keydown", event => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs.at((i + step) % tabs.length);
      next.focus();
      chooseView(next);
    });
  });
  $("open-network").addEventListener("click", () => openNetwork($("network").value));
  $("network").addEventListener("keydown", event => { if (event.key === "Enter") openNetwork($("network").value); });
  $("new").addEventListener("click", async () => openText((await ask("first_spec")) ?? ""));
  $("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    target.value = "";
    if (file && file.size > 2 ** 20) say("The file is larger than 1 MiB.");
    else if (file) openText(await file.text());
  });
  $("format").addEventListener("click", async () => {
    const edits = await ask("format");
    if (edits?.length) editor.apply(edits);
  });
  $("save").addEventListener("click", () => {
    const address = URL.createObjectURL(new Blob([editor.text], { type: "application/toml" }));
    Object.assign(document.createElement("a"), { href: address, download: `${name}.toml` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
  });
  $("share").addEventListener("click", async () => {
    await updateAddress();
    try {
      await navigator.clipboard.writeText(location.href);
      say("The link is on the clipboard. It contains the spec.");
    } catch {
      say("The address of this page is the link. It contains the spec.");
    }
  });
  $("variant").addEventListener("change", ({ target }) => { variant = target.value; events.change(); });
  $("stop").addEventListener("click", async () => {
    showSlow("cnnspec starts again.", false);
    written = null;
    await service.restart().then(() => say("Stopped. Change the spec to calculate again."), complain);
  });
  addEventListener("hashchange", () => openFragment().catch(complain));
}

async function openFragment() {
  const fragment = readFragment();
  if (fragment.has("spec")) {
    const text = await unpackText(fragment.get("spec")).catch(() => {
      throw new Error("the link has no whole spec");
    });
    openText(text, fragment.get("variant") ?? "");
    return true;
  }
  if (!fragment.has("network")) return false;
  await openNetwork(fragment.get("network"));
  return true;
}

async function makeBestEditor() {
  const place = $("editor"), area = $("text");
  try {
    const { makeEditor } = await import("./editor.js");
    area.remove();
    return makeEditor(place, "", events);
  } catch {
    $("keys").textContent = "The editor CodeMirror could not be loaded; this is a plain text field.";
    return makePlainEditor(area, "", events);
  }
}

async function start() {
  say("Loading Python and cnnspec, about 16 MB. The browser keeps them for the next time.");
  const started = performance.now(), loading = service.start();
  loading.catch(() => {});
  editor = await makeBestEditor();
  addTools();
  try {
    await loading;
  } catch (error) {
    say(`cnnspec could not be loaded: ${error.message}. The reference and the networks can be read without it.`);
    return;
  }
  ready = true;
  const opened = await openFragment().catch(error => (complain(error), false));
  if (!opened && !editor.text) openText(await ask("first_spec"));
  const networks = Object.values(await ask("networks") ?? {}).flat();
  $("names").replaceChildren(...networks.map(one => new Option(one, one)));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  await refresh();
  if (!opened) say(`Ready after ${seconds} s.`);
  document.body.dataset.ready = seconds;
}

start();
