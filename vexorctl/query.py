"""A search as the user typed it: options read by hand, and the request that they make.

Only C modules of the standard library are imported; see `fast`. What is not understood here, help and
mistakes included, is left to argparse in `commands.search`, which has the same options.
"""

import posix

from vexorctl.reach import environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FRESH_MS = 1_000
FIRST_INDEX_MS = 30_000
MARGIN_MS = 5_000
"""For the search itself, on top of what the daemon may wait for."""
QUERY_MS = 300
"""More for each query of a batch: one that reads files may take so long."""
MAX_MS = 600_000
MAX_TOP = 1_000
MAX_LINE = 0xFFFF_FFFF
MIN_WIDTH, MAX_WIDTH = 20, 1_000
PROTOCOL_VERSION = 1
"""As `vexor_protocol.PROTOCOL_VERSION`, which a test compares."""

_VALUED = {
    "--path": "path", "-p": "path", "--top": "top", "-k": "top", "--fresh": "fresh_ms", "--lang": "languages",
    "-l": "languages", "--kind": "kinds", "--include": "include", "-g": "include", "--exclude": "exclude",
    "--color": "color", "--width": "width", "--format": "format",
}  # fmt: skip
_PLAIN: dict[str, tuple[str, object]] = {
    "--json": ("format", "jsonl"), "--porcelain": ("format", "porcelain"),
    "--porcelain-z": ("format", "porcelain-z"), "--no-fresh": ("fresh_ms", 0), "--all": ("everywhere", True),
    "--no-spawn": ("spawn", False), "--explain": ("explain", True), "--no-cache": ("no_cache", True),
    "--literal": ("syntax", "literal"), "-F": ("syntax", "literal"), "--text": ("syntax", "text"),
}  # fmt: skip
FORMATS = {
    "text": "text", "json": "jsonl", "porcelain": "porcelain", "porcelain-z": "porcelain-z",
    "vexor-json": "vexor-json", "vexor-porcelain": "vexor-porcelain",
    "vexor-porcelain-z": "vexor-porcelain-z",
}  # fmt: skip
"""As they are called here, and in the protocol. The last three are those of vexor."""
_NUMBERS = {"top": (1, MAX_TOP), "fresh_ms": (0, MAX_MS), "width": (MIN_WIDTH, MAX_WIDTH)}
_LINKING_PROGRAMS = (b"iTerm.app", b"WezTerm", b"vscode", b"ghostty", b"Hyper", b"rio", b"WarpTerminal")
_LINKING_TERMINALS = (b"xterm-kitty", b"xterm-ghostty", b"foot", b"foot-extra", b"alacritty", b"contour")
_LINKING_VARIABLES = (b"KITTY_WINDOW_ID", b"KONSOLE_VERSION", b"WT_SESSION", b"DOMTERM")


class Query:
    """One search; the attributes have the command's defaults. Paths may hold surrogates."""

    def __init__(self, words: str = "") -> None:
        self.words = words
        self.batch: list[str] = []
        """Queries to ask at once, instead of words."""
        self.like_path = ""
        """Absolute path of a file: what is like it is searched instead of words."""
        self.like_line = 0
        """A line of it; 0 is the file as a whole."""
        self.path = ""
        self.everywhere = False
        self.top = 10
        self.format = "text"
        self.fresh_ms = FRESH_MS
        self.languages: list[str] = []
        self.kinds: list[str] = []
        self.include: list[str] = []
        self.exclude: list[str] = []
        self.color = "auto"
        self.width = 0
        self.spawn = True
        self.explain = False
        self.no_cache = False
        self.syntax = "operators"

    @property
    def patience_ms(self) -> int:
        """How long the answer may take: the daemon may first have to index the folder."""
        work = MARGIN_MS + QUERY_MS * len(self.batch)
        return min(MAX_MS, max(self.fresh_ms, 0 if self.everywhere else FIRST_INDEX_MS) + work)

    def allowed(self) -> bool:
        """Whether the combination makes sense and every value is one that the protocol takes."""
        return (
            bool(self.words.strip())
            and not (self.everywhere and self.path)
            and self.color in ("auto", "always", "never")
            and 1 <= self.top <= MAX_TOP
            and 0 <= self.fresh_ms <= MAX_MS
        )


def parse(arguments: list[str]) -> Query | None:
    """Read what follows `vexorctl search`; None if anything is not plainly right."""
    query = Query()
    words: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words += rest
        elif argument[:1] != "-" or argument == "-":
            words.append(argument)
        elif argument in _PLAIN:
            name, plain = _PLAIN[argument]
            setattr(query, name, plain)
        else:
            option, value = _split(argument)
            attribute = _VALUED.get(option)
            if value is None:
                value = next(rest, None)
            if attribute is None or not value or not _store(query, attribute, value):
                return None
    query.words = " ".join(words)
    return query if query.allowed() else None


def _split(argument: str) -> tuple[str, str | None]:
    """`--top=5` and `-k5` in two; the value is None if it is the next argument."""
    if argument[1] == "-":
        option, equals, value = argument.partition("=")
        return option, value if equals else None
    return argument[:2], argument[2:] or None


def _store(query: Query, attribute: str, value: str) -> bool:
    if attribute in _NUMBERS:
        low, high = _NUMBERS[attribute]
        if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
            return False
        setattr(query, attribute, int(value))
    elif attribute == "format":
        if value not in FORMATS:
            return False
        query.format = FORMATS[value]
    elif attribute in ("languages", "kinds"):
        getattr(query, attribute).extend(part for part in value.split(",") if part)
    elif attribute in ("include", "exclude"):
        getattr(query, attribute).append(value)
    else:
        setattr(query, attribute, value)
    return True


def request(query: Query) -> bytes:
    """Return the frame of the request, JSON in ASCII.

    Raises:
        FileNotFoundError: the working folder does not exist any more.
    """
    from _json import encode_basestring_ascii as text  # here it is loaded while the daemon greets us

    folder = posix.getcwd()
    path = query.path if query.path[:1] == "/" else f"{folder}/{query.path}" if query.path else folder
    patience = query.patience_ms
    members = [
        f'"v":{PROTOCOL_VERSION},{_subject(query, text)},"top":{query.top},"fresh_ms":{query.fresh_ms}',
        f'"deadline_ms":{patience},"render":{_render(query, text(folder), text(path))}',
    ]
    if query.syntax != "operators":
        members.append(f'"syntax":"{query.syntax}"')
    if query.explain:
        members.append('"explain":true')
    if query.no_cache:
        members.append('"no_cache":true')
    if not query.everywhere:
        members.append(f'"path":{text(path)},"register":true,"first_index_ms":{FIRST_INDEX_MS}')
    filters = [
        f'"{name}":[{",".join(map(text, values))}]'
        for name, values in (
            ("paths", query.include),
            ("exclude", query.exclude),
            ("languages", query.languages),
            ("kinds", query.kinds),
        )
        if values
    ]
    if filters:
        members.append(f'"filters":{{{",".join(filters)}}}')
    return f'{{"jsonrpc":"2.0","id":1,"method":"search","params":{{{",".join(members)}}}}}'.encode("ascii")


def _subject(query: Query, text: "Callable[[str], str]") -> str:
    if query.batch:
        return f'"queries":[{",".join(map(text, query.batch))}]'
    if not query.like_path:
        return f'"query":{text(query.words)}'
    line = f',"line":{query.like_line}' if query.like_line else ""
    return f'"like":{{"path":{text(query.like_path)}{line}}}'


def _render(query: Query, base: str, path: str) -> str:
    if query.format[:6] == "vexor-" and not query.everywhere:
        return f'{{"format":"{query.format}","base":{path}}}'
    if query.format != "text":
        return f'{{"format":"{query.format}"}}'
    terminal = posix.isatty(1)
    environ = environment()
    dumb = environ.get(b"TERM") == b"dumb"
    color = query.color == "always" or (
        query.color == "auto" and terminal and not dumb and not environ.get(b"NO_COLOR")
    )
    members = [f'"format":"text","width":{query.width or _width(terminal)},"base":{base}']
    if color:
        members.append('"color":true')
    if terminal and not dumb and query.color != "never" and _links():
        members.append('"links":true')
    return f"{{{','.join(members)}}}"


def _width(terminal: bool) -> int:
    columns = 0
    if terminal:
        try:
            columns = posix.get_terminal_size(1).columns
        except OSError:
            columns = 0
    given = environment().get(b"COLUMNS", b"")
    if not columns and given.isdigit():
        columns = int(given)
    return max(MIN_WIDTH, min(MAX_WIDTH, columns or 80))


def _links() -> bool:
    """Whether the terminal is known to draw OSC-8 links; inside tmux or screen nobody can know."""
    environ = environment()
    if b"TMUX" in environ or b"STY" in environ:
        return False
    vte = environ.get(b"VTE_VERSION", b"")
    return (
        environ.get(b"TERM_PROGRAM") in _LINKING_PROGRAMS
        or environ.get(b"TERM") in _LINKING_TERMINALS
        or any(name in environ for name in _LINKING_VARIABLES)
        or (vte.isdigit() and int(vte) >= 5000)
    )
