"""What the gateway counts of itself, and how operators read it: never a person, an identifier or free text."""
