"""Pages for people, served from the package without any request to another host."""
