"""Finds the code blocks of a Markdown file."""

import dataclasses
import pathlib
import re

ENGINES_IN_README = "In Spark, Ray and DuckDB"  # run by python/tests/engines, where these are installed


@dataclasses.dataclass
class Block:
    section: str  # the heading of level 2 above it; "" before the first
    language: str
    line: int  # of the file, where the code begins
    code: str


def code_blocks(file: pathlib.Path, language: str) -> list[Block]:
    """The fenced blocks of one language in the order of the file."""
    blocks = []
    section = ""
    fence = None  # the language of the block we are in
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if opened := re.match(r"```(\w*)$", line):
            if fence is None:
                fence = opened[1]
                blocks.append(Block(section, fence, number + 1, ""))
            else:
                fence = None
        elif fence is not None:
            blocks[-1].code += line + "\n"
        elif line.startswith("## "):
            section = line[3:]
    return [block for block in blocks if block.language == language]


def sections(blocks: list[Block]) -> dict[str, list[Block]]:
    """The blocks of each section; what stands before the first section goes ahead of every one."""
    introduction = [block for block in blocks if not block.section]
    titles = dict.fromkeys(block.section for block in blocks if block.section)
    return {title: introduction + [block for block in blocks if block.section == title] for title in titles}
