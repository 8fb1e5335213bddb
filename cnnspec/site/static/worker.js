// Runs cnnspec on Pyodide, apart from the page, and answers its requests one after another.
let session = null;

self.addEventListener("message", async ({ data: { id, method, args } }) => {
  try {
    const result = method === "load" ? await load(...args) : answer(method, args);
    self.postMessage({ id, result });
  } catch (error) {
    self.postMessage({ id, failure: String(error.message ?? error) });
  }
});

async function load(pyodide, archive) {
  const { loadPyodide } = await import(`${pyodide}pyodide.mjs`);
  const packed = fetch(archive).then(found => {
    if (!found.ok) throw new Error(`${archive}: ${found.status}`);
    return found.arrayBuffer();
  });
  const [python, bytes] = await Promise.all([loadPyodide({ indexURL: pyodide }), packed]);
  python.unpackArchive(bytes, "zip", { extractDir: "/cnnspec" });
  session = python.runPython(`
import sys
sys.path.insert(0, "/cnnspec")
from cnnspec.site.session import PlaygroundSession
PlaygroundSession()
`);
}

function answer(method, args) {
  const result = JSON.parse(session.answer(method, JSON.stringify(args)));
  if (result?.error) throw new Error(result.error);
  return result;
}
