#!/usr/bin/env python3
"""Writes the man pages and the shell completions of fastintent from what its --help prints.

packaging/make_command_pages.py PROGRAM FOLDER

FOLDER gets the layout of a /usr/share: man/man1, bash-completion/completions, zsh/vendor-completions and
fish/vendor_completions.d. SOURCE_DATE_EPOCH, where it is set, is the date of the pages.
"""

import dataclasses
import datetime
import gzip
import os
import pathlib
import re
import subprocess
import sys

NAME = "fastintent"


@dataclasses.dataclass
class Option:
    flags: list  # "-h", "--help"
    value: str  # "FILE", "auto|cpu"; empty for a switch
    text: str

    @property
    def short_text(self):
        """Without the notes in brackets at the end, for one line of a menu."""
        return re.sub(r"\s*\[[^\]]*\]$", "", self.text)

    @property
    def choices(self):
        """The words that the value may be; none for a file, a number and the like."""
        words = self.value.split("|")
        return [word for word in words if word.islower() or word[:1].isdigit()] if len(words) > 1 else []

    @property
    def names_file(self):
        return self.value.startswith(("FILE", "DIR", "MODEL"))


@dataclasses.dataclass
class Help:
    summary: str
    usage: str  # without "Usage: "
    groups: dict = dataclasses.field(default_factory=dict)  # title: options
    commands: dict = dataclasses.field(default_factory=dict)  # name: summary
    footer: str = ""

    @property
    def options(self):
        return [option for options in self.groups.values() for option in options]


def print_of(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def read_entries(lines):
    """(left column, right column) of lines in two columns, where the right one may be wrapped."""
    entries = []
    for line in lines:
        if re.match(r"  \S", line):
            left, _, right = line.strip().partition("  ")
            entries.append([left, right.strip()])
        elif entries:
            entries[-1][1] = f"{entries[-1][1]} {line.strip()}".strip()
    return entries


def read_option(left, right):
    flags, _, value = left.partition(" ")
    return Option(flags.split(","), value, right)


def read_help(text):
    """Parses a page that cli/help_formatter.cpp wrote."""
    head, _, rest = text.partition("Usage: ")
    usage, _, rest = rest.partition("\n")
    page = Help(" ".join(head.split()), usage)
    blocks = re.split(r"\n\n+", rest.strip("\n"))
    while blocks:
        title, _, lines = blocks[0].partition("\n")
        entries = read_entries(lines.splitlines()) if title.endswith(":") else []
        if title == "Subcommands:" or title == "Commands:":
            page.commands = dict(entries)
        elif entries and all(left.startswith("-") for left, _ in entries):
            page.groups[title.removesuffix(":")] = [read_option(*entry) for entry in entries]
        else:
            break
        blocks.pop(0)
    page.footer = "\n\n".join(blocks)
    return page


def roff(text):
    """`text` without a meaning for man."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.splitlines())


def roff_footer(footer):
    """Paragraphs of a footer; lines that are indented stay lines."""
    parts = []
    for block in footer.split("\n\n"):
        for indented, lines in grouped(block.splitlines(), lambda line: line.startswith("  ")):
            text = roff("\n".join(lines))
            parts.append(f".PP\n.nf\n{text}\n.fi" if indented else f".PP\n{text}")
    return "\n".join(parts)


def grouped(items, key):
    groups = []
    for item in items:
        if not groups or groups[-1][0] != key(item):
            groups.append((key(item), []))
        groups[-1][1].append(item)
    return groups


def roff_options(page):
    lines = []
    for title, options in page.groups.items():
        lines.append(".SH OPTIONS" if title == "Options" else f'.SS "{roff(title)}"')
        for option in options:
            value = f" \\fI{roff(option.value)}\\fR" if option.value else ""
            flags = ", ".join(f"\\fB{roff(flag)}\\fR" for flag in option.flags)
            lines += [".TP", flags + value, roff(option.text)]
    return "\n".join(lines)


def man_page(name, page, version, date, others):
    title = roff(name).upper()
    see = ",\n".join(f".BR {roff(other)} (1)" for other in others)
    commands = "".join(f".TP\n.B {roff(command)}\n{roff(summary)}\n" for command, summary in page.commands.items())
    return "\n".join(
        [
            f'.TH "{title}" "1" "{date}" "{NAME} {version}" "User Commands"',
            f".SH NAME\n{roff(name)} \\- {roff(page.summary.rstrip('.'))}",
            f".SH SYNOPSIS\n.nf\n{roff(page.usage)}\n.fi",
            f".SH DESCRIPTION\n{roff(page.summary)}",
            *([f".SH COMMANDS\n{commands.rstrip()}"] if commands else []),
            roff_options(page),
            f".SH NOTES\n{roff_footer(page.footer)}",
            f".SH SEE ALSO\n{see}",
            "",
        ]
    )


def bash_completion(pages):
    values, flags = [], []
    for command, page in pages.items():
        flags.append(f"    {command}) words='{' '.join(flag for o in page.options for flag in o.flags)}' ;;")
        for option in page.options:
            pattern = f"{command}:{option.flags[-1]}"
            if option.choices:
                values.append(f"    {pattern}) words='{' '.join(option.choices)}'; value=1 ;;")
            elif option.names_file:
                values.append(f"    {pattern}) files=1; value=1 ;;")
            elif option.value:
                values.append(f"    {pattern}) value=1 ;;")
    return "\n".join(
        [
            f"# bash completion of {NAME}; made from its --help",
            f"_{NAME}() {{",
            "  local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]:-} words='' files='' value=''",
            "  COMPREPLY=()",
            "  if ((COMP_CWORD == 1)); then",
            f"    words='{' '.join(pages)} --help --version'",
            "  else",
            '    case "$command:${COMP_WORDS[COMP_CWORD - 1]}" in',
            *["  " + line for line in values],
            "    esac",
            "    if [[ -z $value && $current == -* ]]; then",
            '      case "$command" in',
            *["    " + line for line in flags],
            "      esac",
            "    elif [[ -z $value ]]; then",
            "      files=1",
            "    fi",
            "  fi",
            "  if [[ -n $files ]]; then",
            "    compopt -o filenames 2>/dev/null || true",
            '    mapfile -t COMPREPLY < <(compgen -f -- "$current")',
            "  else",
            '    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")',
            "  fi",
            "}",
            f"complete -F _{NAME} {NAME}",
            "",
        ]
    )


def zsh_text(text):
    return re.sub(r"([\[\]:\\])", r"\\\1", text).replace("'", "'\\''")


def zsh_completion(pages):
    lines = [f"#compdef {NAME}", f"# made from {NAME} --help", f"_{NAME}() {{", "  if ((CURRENT == 2)); then"]
    lines += ["    local -a commands=("]
    lines += [f"      '{command}:{zsh_text(page.summary)}'" for command, page in pages.items()]
    lines += ["    )", "    _describe command commands", "    return", "  fi"]
    lines += ["  local command=$words[2]", "  shift words", "  ((CURRENT--))", "  case $command in"]
    for command, page in pages.items():
        lines.append(f"    {command})\n      _arguments \\")
        for option in page.options:
            action = f"({' '.join(option.choices)})" if option.choices else "_files" if option.names_file else " "
            value = f":{zsh_text(option.value)}:{action}" if option.value else ""
            for flag in option.flags:
                lines.append(f"        '{flag}[{zsh_text(option.short_text)}]{value}' \\")
        lines.append("        '*:file:_files' ;;")
    return "\n".join([*lines, "  esac", "}", f'_{NAME} "$@"', ""])


def fish_text(text):
    return text.replace("\\", "\\\\").replace("'", "\\'")


def fish_completion(pages):
    lines = [f"# made from {NAME} --help"]
    for command, page in pages.items():
        first = f"complete -c {NAME} -n __fish_use_subcommand -f"
        lines.append(f"{first} -a {command} -d '{fish_text(page.summary)}'")
        for option in page.options:
            names = " ".join(f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in option.flags)
            value = " -r" if option.value else ""
            if option.choices:
                value = f" -x -a '{' '.join(option.choices)}'"
            elif option.value and not option.names_file:
                value = " -x"
            when = f"-n '__fish_seen_subcommand_from {command}'"
            lines.append(f"complete -c {NAME} {when} {names}{value} -d '{fish_text(option.short_text)}'")
    return "\n".join([*lines, ""])


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_man_page(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))  # no time in it: the same bytes each time


def main(program, folder):
    folder = pathlib.Path(folder)
    version = print_of(program, "--version").split()[-1]
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH", datetime.datetime.now().timestamp()))
    date = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%d")
    top = read_help(print_of(program, "--help"))
    pages = {command: read_help(print_of(program, command, "--help")) for command in top.commands}
    names = [NAME, *[f"{NAME}-{command}" for command in pages]]
    for name, page in zip(names, [top, *pages.values()]):
        others = names[1:] if name == NAME else [NAME]
        write_man_page(folder / "man" / "man1" / f"{name}.1.gz", man_page(name, page, version, date, others))
    write(folder / "bash-completion" / "completions" / NAME, bash_completion(pages))
    write(folder / "zsh" / "vendor-completions" / f"_{NAME}", zsh_completion(pages))
    write(folder / "fish" / "vendor_completions.d" / f"{NAME}.fish", fish_completion(pages))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
