#!/usr/bin/env python3
"""Writes src/text/normalize/unicode_tables.cpp from the behaviour of the `tokenizers` package.

What the normalizers NFC, NFD, NFKC, NFKD, StripAccents and Precompiled and the pre-tokenizer ByteLevel do with each
code point is measured on the package, never looked up in a Unicode database: it mixes tables of several Unicode
versions. Where graphemes end is visible in the normalizer Precompiled alone: it replaces a grapheme of less than six
bytes by the value of its shortest known prefix, and maps the characters of a longer one singly.

usage: make_unicode_tables.py OUTPUT.cpp    (needs: pip install tokenizers)
"""

import collections
import sys

import tokenizers
from charsmap import charsmap
from make_character_tables import BLOCK, CODE_POINTS, HANGUL, rows, two_stages
from tokenizers import normalizers, pre_tokenizers

BATCH = 4096  # keys of a map: a short search for their places
X = "X"

nfc, nfd, nfkc, nfkd = (getattr(normalizers, name)().normalize_str for name in ("NFC", "NFD", "NFKC", "NFKD"))
strip_accents = normalizers.StripAccents().normalize_str
byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str


def mapped(keys):
    """The normalizer Precompiled that maps each of `keys` to X."""
    return normalizers.Precompiled(charsmap(dict.fromkeys(keys, X))).normalize_str


def grapheme_classes():
    """Which of the classes of UAX 29 each code point has, as far as it can be seen.

    Regional indicators cannot: two of them have eight bytes.
    """
    acute, grave = "\u0301", "\u0300"  # two marks of two bytes, so that one grapheme may hold both
    letter, copyright, joiner = mapped(["a"]), mapped(["\u00a9"]), "\u200d"
    after_mark = mapped([acute])
    prepended = {}
    classes = {}
    for code in CODE_POINTS:
        char = chr(code)
        if char in ("\r", "\n"):
            classes[code] = "carriage_return" if char == "\r" else "line_feed"
        elif after_mark(char + acute + grave).endswith(X):
            classes[code] = "control"
        elif letter("a" + char) == X:
            # An emoji continues behind marks and a joiner, not behind spacing marks.
            joined = copyright(f"\u00a9{char}{joiner}\u00a9{acute}").endswith(X + acute)
            classes[code] = "joiner" if char == joiner else "extend" if joined else "spacing_mark"
        elif copyright(f"\u00a9{joiner}{char}") == X + joiner + char:
            classes[code] = "pictograph"
    rest = [c for c in CODE_POINTS if c not in classes and c >= 0x80]
    for start in range(0, len(rest), BATCH):
        some = [chr(c) for c in rest[start : start + BATCH] if len(chr(c).encode()) < 5]
        found = mapped(some)
        for char in some:
            if found(char + "a") == X:
                prepended[ord(char)] = "prepend"
    classes.update(prepended)
    hangul = [*range(0x1100, 0x1200), *range(0xA960, 0xA980), *HANGUL, *range(0xD7B0, 0xD800)]
    hangul = [chr(c) for c in hangul if c not in classes]
    for start in range(0, len(hangul), BATCH):
        some = hangul[start : start + BATCH]
        classes.update(hangul_classes(some, mapped([*some, "\u1161", "\u11a8"]), acute))
    return classes


def hangul_classes(characters, found, mark):
    """The classes of `characters`, which `found` maps to X."""
    lead, vowel, trail = "\u1100", "\u1161", "\u11a8"
    names = {
        (True, False, True, False): "lead",
        (True, True, True, True): "vowel",
        (False, True, False, True): "trail",
        (True, False, True, True): "syllable",
        (True, False, False, True): "closed_syllable",
    }
    classes = {}
    for char in characters:

        def joins(first, second):
            return found(first + second + mark).endswith(mark)

        kind = (joins(lead, char), joins(vowel, char), joins(char, vowel), joins(char, trail))
        if any(kind):
            classes[ord(char)] = names[kind]
    return classes


def conjunct_roles(classes):
    """The part of each code point in a conjunct: a consonant joins the one before it behind a linker (rule GB9c).

    Only consonants of three bytes show it: with an accent, one of four bytes is a long grapheme in any case.
    """
    consonant, linker, accent = "\u0915", "\u094d", "\u0301"
    before_consonant = mapped([consonant])
    joined = X + accent
    roles = {}
    rest = [chr(c) for c in range(0x800, 0x10000) if c not in classes and not 0xD800 <= c < 0xE000 and c not in HANGUL]
    for start in range(0, len(rest), BATCH):
        found = mapped(rest[start : start + BATCH])
        for char in rest[start : start + BATCH]:
            if found(consonant + linker + char + accent).endswith(joined):
                assert before_consonant(char + linker + consonant + accent).endswith(joined), hex(ord(char))
                roles[ord(char)] = "consonant"
    for code, name in classes.items():
        char = chr(code)
        if name not in ("extend", "joiner", "spacing_mark"):
            continue
        if before_consonant(consonant + char + consonant + accent).endswith(joined):
            roles[code] = "linker"
        elif before_consonant(consonant + char + linker + consonant + accent).endswith(joined):
            roles[code] = "extend"
    return roles


def character_kind(char):
    """What ByteLevel takes a character for: one of a kind does not end a word of that kind."""

    def stays_in(neighbour):
        return len(byte_level(neighbour + char + neighbour)) == 1

    for name, neighbour in (("letter", "a"), ("number", "1"), ("other", "!")):
        if stays_in(neighbour):
            return name
    return "space"


def compositions(decomposed):
    """What NFC makes of two characters."""
    pairs = {}
    for code, text in decomposed.items():
        char = chr(code)
        if code in HANGUL or len(text) < 2 or nfc(text) != char:
            continue
        first = nfc(text[:-1])
        assert len(first) == 1 and nfc(first + text[-1]) == char, hex(code)
        pairs[first, text[-1]] = char
    return pairs


def decomposition_table(name, decomposed, pool):
    entries = []
    for code, text in sorted(decomposed.items()):
        place = "".join(pool).find(text)
        if place < 0:
            place = len(pool)
            pool.extend(text)
        entries.append(f"{{{code:#x},{place},{len(text)}}}")
    return [f"constexpr Expansion {name}[] = {{", *rows(entries, 6), "};", ""]


def main():
    classes = grapheme_classes()
    roles = conjunct_roles(classes)
    canonical = {c: nfd(chr(c)) for c in CODE_POINTS if c not in HANGUL and nfd(chr(c)) != chr(c)}
    compatible = {c: nfkd(chr(c)) for c in CODE_POINTS if c not in HANGUL and nfkd(chr(c)) != chr(c)}
    compatible_only = {c: t for c, t in compatible.items() if canonical.get(c) != t}
    pairs = compositions(canonical)
    properties = {}
    for code in CODE_POINTS:
        properties[code] = (
            classes.get(code, "other"),
            roles.get(code, "none"),
            character_kind(chr(code)),
            strip_accents(chr(code)) == "",
            code in canonical,
            code in compatible_only,
        )
    kinds, stage1, blocks = two_stages(properties)
    assert len(blocks) < 1 << 16
    pool = []
    tables = decomposition_table("kCanonical", canonical, pool)
    tables += decomposition_table("kCompatible", compatible_only, pool)
    assert len(pool) < 1 << 16
    out = [
        f"// Made by scripts/make_unicode_tables.py from tokenizers {tokenizers.__version__}; do not edit.",
        "// clang-format off",
        '#include "text/normalize/unicode_tables.h"',
        "",
        "#include <algorithm>",
        "#include <iterator>",
        "",
        "namespace fastintent {",
        "namespace {",
        "",
        f"constexpr int kBlock = {BLOCK};  // code points per block of the second stage",
        "",
        "constexpr UnicodeClass kClasses[] = {",
        *(
            f"    {{GraphemeClass::{k}, ConjunctRole::{r}, CharacterKind::{w}, {m:d}, {c:d}, {n:d}}},"
            for k, r, w, m, c, n in kinds
        ),
        "};",
        "",
        "constexpr uint16_t kBlockOf[] = {",
        *rows(stage1, 40),
        "};",
        "",
        "constexpr uint8_t kClassOf[][kBlock] = {",
    ]
    for block in blocks:
        out += ["  {", *rows(block, 40), "  },"]
    out += [
        "};",
        "",
        "// Where the decomposition of a code point is in kPool.",
        "struct Expansion {",
        "  char32_t from;",
        "  uint16_t start;",
        "  uint16_t count;",
        "};",
        "",
        *tables,
        "constexpr char32_t kPool[] = {",
        *rows([hex(ord(c)) for c in pool], 14),
        "};",
        "",
        "struct Composition {",
        "  uint64_t pair;  // the first code point in the upper 32 bits",
        "  char32_t to;",
        "};",
        "",
        "constexpr Composition kCompositions[] = {",
        *rows([f"{{{ord(a) << 32 | ord(b):#x},{ord(c):#x}}}" for (a, b), c in sorted(pairs.items())], 5),
        "};",
        "",
        "template <size_t kCount>",
        "std::span<const char32_t> find(const Expansion (&table)[kCount], char32_t code_point) {",
        "  const Expansion* found = std::lower_bound(table, table + kCount, code_point,",
        "      [](const Expansion& expansion, char32_t c) { return expansion.from < c; });",
        "  return {kPool + found->start, found->count};",
        "}",
        "",
        "}  // namespace",
        "",
        "const UnicodeClass& unicode_class(char32_t code_point) {",
        "  return kClasses[kClassOf[kBlockOf[code_point / kBlock]][code_point % kBlock]];",
        "}",
        "",
        "std::span<const char32_t> canonical_decomposition(char32_t code_point) {",
        "  return find(kCanonical, code_point);",
        "}",
        "",
        "std::span<const char32_t> compatibility_decomposition(char32_t code_point) {",
        "  return find(kCompatible, code_point);",
        "}",
        "",
        "char32_t composition(char32_t first, char32_t second) {",
        "  const uint64_t pair = uint64_t{first} << 32 | second;",
        "  const Composition* found = std::lower_bound(std::begin(kCompositions), std::end(kCompositions), pair,",
        "      [](const Composition& composition, uint64_t wanted) { return composition.pair < wanted; });",
        "  return found != std::end(kCompositions) && found->pair == pair ? found->to : 0;",
        "}",
        "",
        "}  // namespace fastintent",
    ]
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write("\n".join(out) + "\n")
    print(
        f"{len(kinds)} classes, {len(blocks)} blocks, {len(canonical)} and {len(compatible_only)} decompositions, "
        f"{len(pairs)} compositions, {collections.Counter(classes.values())}, {collections.Counter(roles.values())}"
    )


if __name__ == "__main__":
    main()
