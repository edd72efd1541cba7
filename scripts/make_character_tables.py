#!/usr/bin/env python3
"""Writes src/text/normalize/character_tables.cpp from the behaviour of the `tokenizers` package.

Every property is measured by calling BertNormalizer, BertPreTokenizer, NFD or an added token on
each code point, never looked up in a Unicode database: the package mixes tables of several
Unicode versions. `unicodedata` only names one reference mark for each combining class, a value
that the Unicode standard never changes.

usage: make_character_tables.py OUTPUT.cpp    (needs: pip install tokenizers)
"""

import collections
import sys
import unicodedata

import tokenizers
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers

BLOCK = 128  # code points a block; the sum of both stages is smallest with it
HANGUL = range(0xAC00, 0xD7A4)
CODE_POINTS = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
FLAGS = (
    "is_control",
    "is_clean_space",
    "is_cjk",
    "is_accent",
    "decomposes",
    "is_space",
    "is_punctuation",
    "is_word",
)


def bert_normalizer(**enabled):
    options = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**{**options, **enabled}).normalize_str


clean = bert_normalizer(clean_text=True)
space_cjk = bert_normalizer(handle_chinese_chars=True)
strip = bert_normalizer(strip_accents=True)
lower = bert_normalizer(lowercase=True)
nfd = normalizers.NFD().normalize_str
split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str


def combining_classes():
    """The canonical combining class of every code point, found by what NFD swaps."""
    lowest, highest = "\u0334", "\u0345"  # classes 1 and 240, the ends of the scale

    def moves(mark):
        return nfd(highest + mark) == mark + highest or nfd(mark + lowest) == lowest + mark

    # A reference mark must move, too: the package's table lacks the younger ones.
    movable = [c for c in CODE_POINTS if nfd(chr(c)) == chr(c) and moves(chr(c))]
    marks = {}
    for code in movable:
        marks.setdefault(unicodedata.combining(chr(code)), chr(code))
    assert 0 not in marks
    found = {}
    for code in movable:
        mark = chr(code)
        # Marks of a higher class move behind it, those of a lower class before it.
        (found[code],) = (
            k for k, other in marks.items() if nfd(other + mark) == other + mark and nfd(mark + other) == mark + other
        )
    return found


def word_characters():
    """Code points that keep a single-word added token from matching beside them."""
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    tokenizer.add_tokens([AddedToken("|", single_word=True, normalized=False)])
    token = tokenizer.token_to_id("|")
    return {c for c in CODE_POINTS if token not in tokenizer.encode(chr(c) + "|").ids}


def utf8_length(text):
    return len(text.encode())


def measure():
    """The (flags, combining class, lower case offset) of each code point, and decompositions."""
    classes = combining_classes()
    words = word_characters()
    properties = {}
    decompositions = {}
    for code in CODE_POINTS:
        char = chr(code)
        stripped = strip(char)
        decomposed = nfd(char)
        pieces = len(split("a" + char + "b"))
        lowered = lower(char)
        if len(lowered) != 1:
            assert (code, lowered) == (0x130, "i\u0307"), hex(code)
            lowered = char
        decomposes = decomposed != char and code not in HANGUL
        if decomposes:
            assert len(stripped) <= 3 and len(decomposed) <= 4
            # Decompositions without accents reorder as the whole ones do: each is a starter and
            # what follows it, without a mark before a removed starter, or marks only.
            marks = [ord(d) in classes for d in decomposed]
            kept = [strip(d) == d for d in decomposed]
            assert all(marks) or not any(
                i == 0 and marks[0] or any(m and k for m, k in zip(marks[:i], kept[:i]))
                for i in range(len(marks))
                if i == 0 or not (marks[i] or kept[i])
            ), hex(code)
            decompositions[code] = stripped
        flags = dict(
            is_control=clean(char) == "",
            is_clean_space=clean(char) == " " and char != " ",
            is_cjk=space_cjk(char) == f" {char} ",
            is_accent=stripped == "" and not decomposes,
            decomposes=decomposes,
            is_space=pieces == 2,
            is_punctuation=pieces == 3,
            is_word=code in words,
        )
        longest = max(lower(strip(space_cjk(char))), lower(space_cjk(char)), key=utf8_length)
        assert utf8_length(longest) <= 4 * utf8_length(char), hex(code)
        bits = sum(flags[name] << i for i, name in enumerate(FLAGS))
        properties[code] = (bits, classes.get(code, 0), ord(lowered) - code)
    return properties, decompositions


def rows(values, per_line):
    for start in range(0, len(values), per_line):
        yield "    " + ",".join(str(v) for v in values[start : start + per_line]) + ","


def two_stages(properties):
    """What a table of `properties` by code point consists of: the distinct ones, the number of the block of each BLOCK
    code points, and the distinct blocks of numbers of properties.
    """
    # The most frequent first: short numbers in the tables.
    kinds = [kind for kind, _ in collections.Counter(properties.values()).most_common()]
    kind_of = {kind: i for i, kind in enumerate(kinds)}
    assert len(kinds) <= 256
    blocks = {}
    stage1 = []
    for start in range(0, 0x110000, BLOCK):
        block = tuple(kind_of[properties.get(c, kinds[0])] for c in range(start, start + BLOCK))
        stage1.append(blocks.setdefault(block, len(blocks)))
    return kinds, stage1, blocks


def main():
    properties, decompositions = measure()
    kinds, stage1, blocks = two_stages(properties)
    assert len(blocks) <= 256
    out = [
        f"// Made by scripts/make_character_tables.py from tokenizers {tokenizers.__version__}; do not edit.",
        "// clang-format off",
        '#include "text/normalize/character_tables.h"',
        "",
        "#include <algorithm>",
        "#include <iterator>",
        "",
        "namespace fastintent {",
        "namespace {",
        "",
        f"constexpr int kBlock = {BLOCK};  // code points a block of the second stage",
        "",
        "constexpr CharacterClass kClasses[] = {",
    ]
    for bits, mark_class, offset in kinds:
        flags = ", ".join(str(bits >> i & 1) for i in range(len(FLAGS)))
        out.append(f"    {{{flags}, {mark_class}, {offset}}},")
    out += ["};", "", "constexpr uint8_t kBlockOf[] = {", *rows(stage1, 40), "};", ""]
    out += ["constexpr uint8_t kClassOf[][kBlock] = {"]
    for block in blocks:
        out += ["  {", *rows(block, 40), "  },"]
    out += ["};", "", "constexpr Decomposition kDecompositions[] = {"]
    entries = [
        f"{{{code:#x},{{{','.join(hex(ord(c)) for c in text) or '0'}}}}}"
        for code, text in sorted(decompositions.items())
    ]
    out += rows(entries, 5)
    out += [
        "};",
        "",
        "}  // namespace",
        "",
        "const CharacterClass& character_class(char32_t code_point) {",
        "  return kClasses[kClassOf[kBlockOf[code_point / kBlock]][code_point % kBlock]];",
        "}",
        "",
        "const Decomposition& decomposition(char32_t code_point) {",
        "  return *std::lower_bound(std::begin(kDecompositions), std::end(kDecompositions), code_point,",
        "                           [](const Decomposition& d, char32_t c) { return d.from < c; });",
        "}",
        "",
        "}  // namespace fastintent",
    ]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")
    print(f"{len(kinds)} classes, {len(blocks)} blocks, {len(decompositions)} decompositions")


if __name__ == "__main__":
    main()
