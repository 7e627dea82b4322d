"""The access log for those it is about: in plain words, on a page and on paper."""
