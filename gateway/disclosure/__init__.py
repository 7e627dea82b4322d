"""The one road out: classify, decide, redact, note; nothing becomes visible in any other way."""
