// Checking a proof without trusting who gave it: SHA-256 and Ed25519 of the browser, and RFC 9162.

const TEXT = new TextEncoder();

export const bytesOf = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
export const hexOf = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

// Browsers lend their cryptography to pages of this machine and of https only.
export const canHash = () => globalThis.crypto?.subtle !== undefined;

async function sha256(...parts) {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined));
}

export const leafHash = (text) => sha256([0], TEXT.encode(text));
const nodeHash = (left, right) => sha256([1], left, right);

// RFC 9162, 2.1.3.2. Numbers of entries are beyond 32 bits some day, so they are BigInts.
export async function isIncluded(index, size, leaf, path, root) {
  let [place, last, found] = [BigInt(index), BigInt(size) - 1n, leaf];
  if (place < 0n || place > last) return false;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (place & 1n || place === last) {
      found = await nodeHash(sibling, found);
      while (!(place & 1n) && place) [place, last] = [place >> 1n, last >> 1n];
    } else {
      found = await nodeHash(found, sibling);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  return last === 0n && same(found, root);
}

// A checkpoint: three lines, an empty line, and a line for each signature.
export function readNote(note) {
  const parted = note.lastIndexOf("\n\n");
  const text = note.slice(0, parted + 1);
  const [origin, size, root] = text.split("\n");
  const signatures = note.slice(parted + 2).split("\n").filter(Boolean).map((line) => {
    const [, name, signed] = line.match(/^— (\S+) (\S+)$/) ?? [];
    const bytes = signed ? bytesOf(signed) : new Uint8Array();
    return { name, id: hexOf(bytes.slice(0, 4)), bytes: bytes.slice(4) };
  });
  return { text, origin, size: Number(size), root: bytesOf(root), signatures };
}

export function readKey(key) {
  const [name, id, ...rest] = key.trim().split("+");
  const bytes = bytesOf(rest.join("+"));
  return { name, id, kind: bytes[0], public: bytes.slice(1) };
}

// Returns the moment of signing of a witness, true of a log's own key, false if the key did not sign,
// and undefined where this browser has no Ed25519.
export async function signedBy(key, note) {
  let verifier;
  try {
    verifier = await crypto.subtle.importKey("raw", key.public, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return undefined;
  }
  const id = hexOf((await sha256(TEXT.encode(`${key.name}\n`), [key.kind], key.public)).slice(0, 4));
  for (const signature of note.signatures) {
    if (signature.name !== key.name || signature.id !== id) continue;
    const witness = key.kind === 4;
    const at = witness ? new DataView(signature.bytes.buffer).getBigUint64(0) : null;
    const text = witness ? `cosignature/v1\ntime ${at}\n${note.text}` : note.text;
    const made = witness ? signature.bytes.slice(8) : signature.bytes;
    if (await crypto.subtle.verify("Ed25519", verifier, made, TEXT.encode(text))) return witness ? Number(at) : true;
  }
  return false;
}
