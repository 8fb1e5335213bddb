// The editor where CodeMirror cannot be loaded: a text area. Problems are in the list below it.
export function makePlainEditor(area, text, events) {
  area.value = text;
  area.addEventListener("input", () => events.change());
  for (const name of ["keyup", "click", "input"]) area.addEventListener(name, () => events.cursor());
  const offsetOf = ({ line, character }) => {
    const before = area.value.split("\n").slice(0, line);
    return before.reduce((sum, row) => sum + row.length + 1, 0) + character;
  };
  return {
    get text() { return area.value; },
    get cursor() {
      const rows = area.value.slice(0, area.selectionStart).split("\n");
      return [rows.length - 1, rows.at(-1).length];
    },
    set text(value) {
      area.value = value;
      area.setSelectionRange(0, 0);
      events.change();
    },
    apply(edits) {
      const spans = edits.map(({ range, new_text }) => [offsetOf(range.start), offsetOf(range.end), new_text]);
      for (const [from, to, insert] of spans.sort((a, b) => b[0] - a[0])) area.setRangeText(insert, from, to, "end");
      events.change();
    },
    moveTo(place) {
      area.focus();
      area.setSelectionRange(offsetOf(place), offsetOf(place));
      events.cursor();
    },
    show() {},
  };
}
