"""What `mkdocs build` does besides: formulas become MathML, and the commands tell of themselves.

So no page needs a script of another host, and the reference of the command line is never old.
"""

import re
from html import unescape
from pathlib import Path

import typer
from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from typer.testing import CliRunner

COMMANDS = "reference/command_line.md"
# On the web site of a repository `$` stands around the code of a formula.
CODE_FORMULA = re.compile(r"\$`([^`\n]+)`\$")
FORMULA = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.DOTALL)
INTRODUCTION = """# Command line

What each command says with `--help`. Results go to standard output, progress and messages to
standard error. Exit codes: 0 done; 1 the run failed (disk full, diverged); 2 bad input or an
unreadable file; 130 interrupted.
"""


def command_line() -> str:
    """The page of all commands."""
    from hoam_core.cli.main import app

    app.rich_markup_mode = None  # plain text, without boxes
    group, runner = typer.main.get_command(app), CliRunner()
    shown = [name for name, command in group.commands.items() if not command.hidden]
    page = [INTRODUCTION]
    for words in ([], *([name] for name in shown)):
        told = runner.invoke(
            app, [*words, "--help"], prog_name="hoam", color=False, env={"COLUMNS": "90"}
        )
        if told.exit_code:
            raise RuntimeError(f"hoam {' '.join(words)} --help failed: {told.output}")
        page.append(f"## {' '.join(['hoam', *words])}\n\n```text\n{told.output.strip()}\n```\n")
    return "\n".join(page)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the page of the commands."""
    files.append(File.generated(config, COMMANDS, content=command_line()))
    return files


def on_page_markdown(markdown: str, **about: object) -> str:
    """Write all formulas in one way."""
    return CODE_FORMULA.sub(lambda m: f"${m[1]}$", markdown)


def _mathml(found: re.Match) -> str:
    tex = unescape(found[2]).strip()
    tex = re.sub(r"^\\[(\[](.*)\\[)\]]$", r"\1", tex, flags=re.DOTALL)
    display = "block" if found[1] == "div" else "inline"
    return convert(tex, display=display)


def on_page_content(html: str, **about: object) -> str:
    """Formulas as browsers draw them, without a script."""
    return FORMULA.sub(_mathml, html)


def on_post_build(config: MkDocsConfig) -> None:
    """Let the theme's script find what no page has (diagrams, old browsers) nowhere outside."""
    for script in Path(config.site_dir, "assets", "javascripts").glob("bundle.*.js"):
        script.write_text(script.read_text().replace("https://unpkg.com/", ""))
