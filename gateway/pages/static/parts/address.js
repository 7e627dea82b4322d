// The state of a view lives in the address after the #, so that a link reproduces it; the gateway never gets to see it.

export function read() {
  return new URLSearchParams(location.hash.slice(1));
}

export function write(state) {
  const kept = new URLSearchParams();
  for (const [name, value] of Object.entries(state)) {
    if (value !== undefined && value !== null && value !== "") kept.set(name, value);
  }
  const hash = `#${kept}`;
  if (hash !== location.hash) history.pushState(null, "", hash);
}

export function link() {
  return `${location.origin}${location.pathname}${location.hash}`;
}
