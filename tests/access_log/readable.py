"""How old a reader has to be: the Flesch-Kincaid grade, with syllables counted as groups of vowels."""

import re


def sentences(text):
    return [part for part in re.split(r"(?<=[.!?:])\s+", text) if re.search(r"[A-Za-z]", part)]


def words(text):
    return re.findall(r"[A-Za-z']+", text)


def syllables(word):
    word = word.lower().strip("'")
    groups = len(re.findall(r"[aeiouy]+", word))
    silent = word.endswith("e") and not word.endswith(("le", "ee", "ye")) and groups > 1
    silent = silent or (word.endswith("ed") and not word.endswith(("ted", "ded")) and groups > 1)
    return max(1, groups - silent)


def grade(text):
    """Return the American school grade; a fourteen-year-old is in the eighth or ninth."""
    said, spoken = sentences(text), words(text)
    return 0.39 * len(spoken) / len(said) + 11.8 * sum(map(syllables, spoken)) / len(spoken) - 15.59
