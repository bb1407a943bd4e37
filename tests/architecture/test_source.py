"""House rules that are read off the files themselves."""

import ast
import re
from pathlib import Path

SOURCE = Path("src/zhenxue")
FRONTEND = Path("frontend")
LONGEST = 400
LONGEST_VIEW = 15


def python_files() -> list[Path]:
    return sorted(file for file in SOURCE.rglob("*.py") if "migrations" not in file.parts)


def templates() -> list[Path]:
    return sorted(file for file in SOURCE.rglob("templates/**/*.html"))


def web_files() -> list[Path]:
    return [file for file in python_files() if "web" in file.relative_to(SOURCE).parts]


def test_no_file_is_longer_than_a_room() -> None:
    files = [*python_files(), *templates(), *FRONTEND.rglob("*.ts"), *FRONTEND.rglob("*.css")]
    faults = [f"{file}: {lines} lines" for file in files if (lines := len(file.read_text().splitlines())) > LONGEST]
    assert not faults, "\n".join(faults)


def test_views_touch_no_managers() -> None:
    faults = []
    for file in web_files():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager", "_base_manager"}:
                faults.append(f"{file}:{node.lineno}")
    assert not faults, "\n".join(faults)


def test_views_are_short() -> None:
    """A view is what an address leads to (it carries an access decorator); lines with brackets alone do not count."""
    faults = []
    for file in web_files():
        lines = file.read_text().splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if not isinstance(node, ast.FunctionDef) or not {"public", "roles"} & set(
                map(decorator, node.decorator_list)
            ):
                continue
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            text = lines[body[0].lineno - 1 : node.end_lineno] if body else []
            length = sum(1 for line in text if re.search(r"\w", line))
            if length > LONGEST_VIEW:
                faults.append(f"{file}:{node.lineno} {node.name}: {length} lines")
    assert not faults, "\n".join(faults)


def decorator(node: ast.expr) -> str:
    """The last word of a decorator: ``roles`` of ``@identity.roles(Role.LEARNER)``."""
    node = node.func if isinstance(node, ast.Call) else node
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def test_the_domain_does_not_read_the_clock() -> None:
    rooms = {"operations", "queries", "policies", "models", "data"}
    words = re.compile(r"\b(timezone\.now|datetime\.now|datetime\.utcnow|date\.today|clock\.now|time\.time)\(")
    faults = [
        f"{file}:{number}"
        for file in python_files()
        if rooms & {part.removesuffix(".py") for part in file.relative_to(SOURCE).parts[1:2]}
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if words.search(line)
    ]
    assert not faults, "\n".join(faults)


def test_templates_hold_no_script_style_or_handler() -> None:
    wrong = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\sstyle\s*=|\son[a-z]+\s*=\s*[\"']|href\s*=\s*[\"']javascript:",
        re.IGNORECASE,
    )
    faults = [
        f"{file}:{text.count(chr(10), 0, found.start()) + 1} {found.group().strip()}"
        for file in templates()
        for text in [re.sub(r"{%\s*comment.*?endcomment\s*%}|{#.*?#}", "", file.read_text(), flags=re.DOTALL)]
        for found in wrong.finditer(text)
    ]
    assert not faults, "\n".join(faults)


def test_every_post_form_carries_its_token() -> None:
    tokens = ("csrf_token", 'name="csrfmiddlewaretoken"')  # a tag, or written by hand
    faults = []
    for file in templates():
        for form in re.findall(r"<form\b.*?</form>", file.read_text(), flags=re.DOTALL | re.IGNORECASE):
            head = form[: form.index(">")]
            is_post = re.search(r"method\s*=\s*[\"']post", head, re.IGNORECASE)
            if is_post and not any(token in form for token in tokens):
                faults.append(f"{file}: {head}")
    assert not faults, "\n".join(faults)


def test_nothing_is_left_for_later() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK|raise NotImplementedError|(?i:lorem ipsum))\b")
    places = [*python_files(), *templates(), *FRONTEND.rglob("*.ts"), *FRONTEND.rglob("*.css")]
    places += [file for file in Path("tests").rglob("*.py") if file != Path("tests/architecture/test_source.py")]
    faults = [
        f"{file}:{number}"
        for file in places
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if words.search(line) or "pytest.mark.skip" in line or "pytest.mark.xfail" in line
    ]
    assert not faults, "\n".join(faults)


def test_every_silence_gives_its_reason() -> None:
    silence = re.compile(r"#\s*(type:\s*ignore(\[[^\]]*\])?|noqa(:\s*[A-Z0-9, ]+)?)(?P<reason>.*)$")
    places = [*python_files(), *(file for file in Path("tests").rglob("*.py"))]
    faults = [
        f"{file}:{number}"
        for file in places
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if (found := silence.search(line)) and len(found["reason"].strip(" -–—#:")) < 8 and "re.compile" not in line
    ]
    assert not faults, "\n".join(faults)


def test_every_app_says_what_it_is() -> None:
    apps = [folder for folder in SOURCE.iterdir() if (folder / "apps.py").exists()]
    faults = [str(folder) for folder in apps if not (folder / "README.md").exists()]
    assert not faults, faults
