"""Names a file's language from its name, its extension or its first line. The tables are data."""

import re

DEFAULT_LANGUAGE = "text"

_EXTENSIONS_OF = {
    "ada": "adb ads",
    "asm": "asm s S nasm",
    "astro": "astro",
    "awk": "awk",
    "bash": "sh bash zsh ksh bats ebuild",
    "batch": "bat cmd",
    "bazel": "bzl bazel star",
    "bibtex": "bib",
    "c": "c h",
    "clojure": "clj cljs cljc edn bb",
    "cmake": "cmake",
    "cobol": "cob cbl cpy",
    "coffeescript": "coffee",
    "commonlisp": "lisp lsp cl",
    "cpp": "cpp cc cxx c++ hpp hh hxx h++ ipp tpp inl ino",
    "crystal": "cr",
    "csharp": "cs csx",
    "css": "css",
    "csv": "csv",
    "cuda": "cu cuh",
    "cython": "pyx pxd pxi",
    "d": "d di",
    "dart": "dart",
    "diff": "diff patch",
    "dockerfile": "dockerfile containerfile",
    "elisp": "el",
    "elixir": "ex exs",
    "elm": "elm",
    "erb": "erb",
    "erlang": "erl hrl",
    "fish": "fish",
    "fortran": "f f77 f90 f95 f03 f08 for",
    "fsharp": "fs fsi fsx",
    "gdscript": "gd",
    "gleam": "gleam",
    "glsl": "glsl vert frag geom comp",
    "go": "go",
    "graphql": "graphql gql",
    "groovy": "groovy gradle gvy",
    "haml": "haml",
    "handlebars": "hbs handlebars mustache",
    "haskell": "hs lhs hsc",
    "haxe": "hx",
    "hlsl": "hlsl",
    "html": "html htm xhtml",
    "ini": "ini cfg conf desktop service socket timer editorconfig",
    "java": "java",
    "javascript": "js mjs cjs es6",
    "jinja": "j2 jinja jinja2",
    "json": "json jsonc json5 jsonl ndjson geojson ipynb webmanifest har avsc",
    "jsonnet": "jsonnet libsonnet",
    "jsx": "jsx",
    "julia": "jl",
    "kotlin": "kt kts",
    "latex": "tex sty cls ltx",
    "less": "less",
    "liquid": "liquid",
    "lua": "lua rockspec",
    "make": "mk mak",
    "markdown": "md markdown mdx mdown mkd qmd rmd",
    "matlab": "mlx",
    "meson": "meson",
    "nim": "nim nims nimble",
    "nix": "nix",
    "objc": "m mm",
    "ocaml": "ml mli mll mly",
    "odin": "odin",
    "org": "org",
    "pascal": "pas pp dpr lpr",
    "perl": "pl pm t pod",
    "php": "php php3 php4 php5 phtml inc",
    "po": "po pot",
    "powershell": "ps1 psm1 psd1",
    "prisma": "prisma",
    "prolog": "pro",
    "properties": "properties",
    "protobuf": "proto",
    "pug": "pug jade",
    "puppet": "epp",
    "purescript": "purs",
    "python": "py pyi pyw",
    "qml": "qml",
    "r": "r R",
    "racket": "rkt",
    "raku": "raku rakumod",
    "rego": "rego",
    "rst": "rst",
    "ruby": "rb rake gemspec ru podspec thor",
    "rust": "rs",
    "sass": "sass",
    "scala": "scala sc sbt",
    "scheme": "scm ss sld",
    "scss": "scss",
    "smalltalk": "st",
    "solidity": "sol",
    "sql": "sql ddl dml psql pgsql mysql",
    "starlark": "bxl",
    "stylus": "styl",
    "svelte": "svelte",
    "svg": "svg",
    "swift": "swift",
    "systemverilog": "sv svh",
    "tcl": "tcl tk",
    "terraform": "tf tfvars hcl",
    "text": "txt text log lst",
    "thrift": "thrift",
    "toml": "toml",
    "tsv": "tsv",
    "tsx": "tsx",
    "twig": "twig",
    "typescript": "ts mts cts",
    "typst": "typ",
    "v": "v",
    "vala": "vala vapi",
    "vb": "vb vbs bas",
    "verilog": "vh",
    "vhdl": "vhd vhdl",
    "vim": "vim vimrc",
    "vue": "vue",
    "wat": "wat wast",
    "wgsl": "wgsl",
    "xml": "xml xsd xsl xslt wsdl plist csproj vbproj fsproj props targets resx xaml iml pom ui",
    "yaml": "yaml yml",
    "zig": "zig zon",
}

_NAMES_OF = {
    "bash": ".bashrc .bash_profile .bash_aliases .profile .zshrc .zshenv .zprofile PKGBUILD configure",
    "bazel": "BUILD WORKSPACE",
    "cmake": "CMakeLists.txt",
    "dockerfile": "Dockerfile Containerfile",
    "gitignore": ".gitignore .dockerignore .npmignore .vexorignore .ignore .eslintignore .prettierignore",
    "go": "go.mod go.sum go.work",
    "groovy": "Jenkinsfile",
    "ini": ".gitconfig .gitmodules .gitattributes .npmrc .pypirc .flake8 .pylintrc .coveragerc",
    "json": ".babelrc .eslintrc .prettierrc .swcrc composer.lock flake.lock Pipfile.lock",
    "just": "justfile Justfile .justfile",
    "make": "Makefile makefile GNUmakefile Kbuild",
    "meson": "meson.build meson_options.txt",
    "perl": "cpanfile",
    "python": "SConstruct SConscript wscript .pythonstartup",
    "ruby": "Gemfile Rakefile Guardfile Vagrantfile Podfile Fastfile Brewfile Capfile Dangerfile .irbrc",
    "starlark": "Tiltfile BUCK",
    "toml": "Cargo.lock Pipfile poetry.lock uv.lock Gopkg.lock",
    "vim": ".vimrc _vimrc .gvimrc",
    "xml": "pom.xml",
    "yaml": ".clang-format .clang-tidy .clangd .yamllint CITATION.cff pubspec.lock",
}

_INTERPRETERS_OF = {
    "awk": "awk gawk mawk",
    "bash": "sh bash dash zsh ksh ash",
    "clojure": "bb clojure",
    "elixir": "elixir",
    "erlang": "escript",
    "fish": "fish",
    "groovy": "groovy",
    "haskell": "runhaskell runghc stack",
    "javascript": "node nodejs bun",
    "julia": "julia",
    "lua": "lua luajit",
    "make": "make",
    "ocaml": "ocaml",
    "perl": "perl",
    "php": "php",
    "powershell": "pwsh",
    "python": "python pypy",
    "r": "Rscript",
    "ruby": "ruby jruby",
    "scala": "scala",
    "swift": "swift",
    "tcl": "tclsh wish expect",
    "typescript": "deno ts-node tsx",
}

_EXTENSIONS = {extension: language for language, row in _EXTENSIONS_OF.items() for extension in row.split()}
_NAMES = {name: language for language, row in _NAMES_OF.items() for name in row.split()}

_INTERPRETERS = {name: language for language, row in _INTERPRETERS_OF.items() for name in row.split()}

_SHEBANG = re.compile(rb"#![ \t]*([^\s]+)(?:[ \t]+([^\r\n]*))?")
_VERSION = re.compile(r"[\d.]+$")
_CPP_SIGNS = re.compile(
    rb"^[ \t]*(?:class\s+\w+[^;=()\n]*$|class\s+\w+[^;=()\n]*\{|namespace\s+\w[\w:]*\s*\{"
    rb"|template\s*<|(?:public|private|protected)\s*:|using\s+namespace\b)",
    re.MULTILINE,
)
_OBJC_SIGNS = re.compile(rb"^[ \t]*@(?:interface|protocol|implementation|class|end)\b", re.MULTILINE)
_MATLAB_SIGNS = re.compile(rb"^[ \t]*(?:function\b|%|classdef\b)", re.MULTILINE)
_LANGUAGES = frozenset(_EXTENSIONS_OF) | frozenset(_NAMES_OF)


def known_languages() -> frozenset[str]:
    """Return every name that `language_of` can give."""
    return _LANGUAGES


def language_of(path: str, head: bytes) -> str:
    """Return the lower-case language name of a file; `text` if nothing tells.

    `path` is relative or absolute; `head` holds the file's first bytes (some kilobytes, or all of it).
    """
    name = path.rpartition("/")[2]
    language = _NAMES.get(name) or _by_prefix(name)
    if language is not None:
        return language
    stem, dot, extension = name.rpartition(".")
    if dot and stem:
        language = _EXTENSIONS.get(extension) or _EXTENSIONS.get(extension.lower())
        if language is not None:
            return _refined(language, extension, head)
    return _by_shebang(head) or DEFAULT_LANGUAGE


def _by_prefix(name: str) -> str | None:
    """`Dockerfile.dev`, `Makefile.am` and their like."""
    for prefix, language in (
        ("Dockerfile.", "dockerfile"),
        ("Makefile.", "make"),
        ("Jenkinsfile.", "groovy"),
    ):
        if name.startswith(prefix):
            return language
    return None


def _by_shebang(head: bytes) -> str | None:
    """`#!/usr/bin/env -S python3.11 -u` and its like."""
    match = _SHEBANG.match(head)
    if match is None:
        return None
    words = [match[1].decode(errors="replace").rpartition("/")[2]]
    if words[0] == "env":
        words = [
            word
            for word in (match[2] or b"").decode(errors="replace").split()
            if word[0] != "-" and "=" not in word
        ]
    name = words[0].rpartition("/")[2] if words else ""
    return _INTERPRETERS.get(name) or _INTERPRETERS.get(_VERSION.sub("", name))


def _refined(language: str, extension: str, head: bytes) -> str:
    """Settle the extensions that two languages share."""
    if extension in ("h", "H"):
        if _OBJC_SIGNS.search(head):
            return "objc"
        return "cpp" if _CPP_SIGNS.search(head) else "c"
    if extension == "m" and not _OBJC_SIGNS.search(head) and _MATLAB_SIGNS.search(head):
        return "matlab"
    if extension == "t" and b"use " not in head and not head.startswith(b"#!"):
        return DEFAULT_LANGUAGE
    if extension == "inc" and b"<?php" not in head:
        return DEFAULT_LANGUAGE
    return language
