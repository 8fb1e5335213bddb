// The editor: CodeMirror with the hints, problems, help and completions of cnnspec.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, pickedCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { StreamLanguage, bracketMatching, syntaxHighlighting } from "@codemirror/language";
import { toml } from "@codemirror/legacy-modes/mode/toml";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Compartment, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType, drawSelection, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";

const SEVERITIES = { error: "error", warning: "warning", advice: "info" };
const KINDS = { operator: "function", block: "class", field: "property", key: "property", layer: "variable", argument: "variable", function: "function", value: "enum", variant: "enum", header: "namespace", rule: "constant" };
const OFFER = /[\w.]$|["{[,=]\s*$/; // what is before the cursor where completions open by themselves

// Writes a completion, and steps over the quote behind it that closes the value.
function insertCompletion(view, chosen, from, to) {
  const closed = !/["=.{] ?$/.test(chosen.label) && view.state.sliceDoc(from - 1, from) === '"' && view.state.sliceDoc(to, to + 1) === '"';
  const anchor = from + chosen.label.length + (closed ? 1 : 0);
  view.dispatch({ changes: { from, to, insert: chosen.label }, selection: { anchor }, userEvent: "input.complete", annotations: pickedCompletion.of(chosen) });
}

class HintWidget extends WidgetType {
  constructor(hint) {
    super();
    this.hint = hint;
  }
  eq(other) {
    return other.hint.label === this.hint.label && other.hint.stale === this.hint.stale;
  }
  toDOM() {
    const shown = document.createElement("span");
    shown.className = this.hint.stale ? "inlay stale" : "inlay";
    shown.textContent = this.hint.label;
    shown.title = this.hint.tooltip;
    return shown;
  }
}

const newHints = StateEffect.define();
const hintField = StateField.define({
  create: () => Decoration.none,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(newHints)) return effect.value;
    return shown.map(transaction.changes);
  },
  provide: field => EditorView.decorations.from(field),
});

function offsetOf(doc, { line, character }) {
  const found = doc.line(Math.min(line + 1, doc.lines));
  return Math.min(found.from + character, found.to);
}

function positionOf(doc, offset) {
  const line = doc.lineAt(offset);
  return [line.number - 1, offset - line.from];
}

function changesOf(doc, edits) {
  return edits.map(({ range, new_text }) => ({ from: offsetOf(doc, range.start), to: offsetOf(doc, range.end), insert: new_text }));
}

export function makeEditor(place, text, events) {
  const dark = matchMedia("(prefers-color-scheme: dark)"), colours = new Compartment();
  const theme = () => EditorView.theme({}, { dark: dark.matches });
  const complete = async context => {
    const line = context.state.doc.lineAt(context.pos);
    if (!context.explicit && !OFFER.test(line.text.slice(0, context.pos - line.from))) return null;
    const found = await events.complete(...positionOf(context.state.doc, context.pos));
    if (!found?.length || context.aborted) return null;
    const range = found[0].edit.range;
    return {
      from: offsetOf(context.state.doc, range.start),
      to: offsetOf(context.state.doc, range.end),
      options: found.map(({ label, kind, detail, edit }, i) => ({
        label: edit.new_text, displayLabel: label, apply: insertCompletion, detail, type: KINDS[kind], boost: -i / found.length,
        info: () => events.documentCompletion(label).then(html => html ? fragmentOf(html) : null),
      })),
    };
  };
  const hover = hoverTooltip(async (view, pos) => {
    const found = await events.hover(...positionOf(view.state.doc, pos));
    if (!found) return null;
    const [from, to] = [found.range.start, found.range.end].map(place => offsetOf(view.state.doc, place));
    return { pos: from, end: to, create: () => ({ dom: fragmentOf(found.html) }) };
  });
  const view = new EditorView({
    doc: text,
    parent: place,
    extensions: [
      lineNumbers(), lintGutter(), history(), drawSelection(), highlightActiveLine(), bracketMatching(), closeBrackets(),
      StreamLanguage.define(toml), syntaxHighlighting(classHighlighter), hintField, hover,
      autocompletion({ override: [complete], icons: false, maxRenderedOptions: 200, activateOnCompletion: chosen => /[=.] ?$/.test(chosen.label) }),
      keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...historyKeymap, ...defaultKeymap]),
      colours.of(theme()), EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": "Spec in TOML", "aria-describedby": "keys" }),
      EditorView.updateListener.of(update => {
        if (update.docChanged) events.change();
        if (update.docChanged || update.selectionSet) events.cursor();
      }),
    ],
  });
  dark.addEventListener("change", () => view.dispatch({ effects: colours.reconfigure(theme()) }));
  return {
    get text() { return view.state.doc.toString(); },
    get cursor() { return positionOf(view.state.doc, view.state.selection.main.head); },
    set text(value) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: value }, selection: { anchor: 0 }, scrollIntoView: true });
    },
    apply(edits) { view.dispatch({ changes: changesOf(view.state.doc, edits), userEvent: "input" }); },
    moveTo(place) {
      view.dispatch({ selection: { anchor: offsetOf(view.state.doc, place) }, scrollIntoView: true });
      view.focus();
    },
    show(hints, problems) {
      const doc = view.state.doc;
      const marks = hints.map(hint => Decoration.widget({ widget: new HintWidget(hint), side: 1 }).range(offsetOf(doc, hint.position)));
      const found = problems.map(problem => ({
        from: offsetOf(doc, problem.range.start), to: offsetOf(doc, problem.range.end),
        severity: SEVERITIES[problem.severity], source: problem.code,
        message: problem.help ? `${problem.message}\n${problem.help}` : problem.message,
        actions: problem.fixes.map(fix => ({ name: fix.title, apply: () => this.apply(fix.edits) })),
      }));
      view.dispatch({ effects: newHints.of(Decoration.set(marks, true)) });
      view.dispatch(setDiagnostics(view.state, found));
    },
  };
}

function fragmentOf(html) {
  const shown = document.createElement("div");
  shown.className = "help";
  shown.innerHTML = html; // of cnnspec's own renderer, which lets no HTML through
  return shown;
}
