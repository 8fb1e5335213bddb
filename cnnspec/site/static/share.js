// A spec in the fragment of the address, compressed. Browsers send no fragment to a server.
const MOST = 2 ** 20; // bytes of a spec

export async function packText(text) {
  const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(packed).arrayBuffer());
  const letters = Array.from(bytes, byte => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export async function unpackText(packed) {
  const letters = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(letters, letter => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const parts = [];
  let size = 0;
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return new TextDecoder("utf-8", { fatal: true }).decode(await new Blob(parts).arrayBuffer());
    size += value.length;
    if (size > MOST) throw new Error("the spec in the link is larger than 1 MiB");
    parts.push(value);
  }
}

export function readFragment() {
  return new URLSearchParams(location.hash.slice(1));
}

export async function makeLink(text, variant) {
  const fragment = new URLSearchParams({ spec: await packText(text) });
  if (variant) fragment.set("variant", variant);
  return `${location.origin}${location.pathname}${location.search}#${fragment}`;
}
