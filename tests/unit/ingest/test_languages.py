import pytest

from vexord.ingest import languages
from vexord.ingest.chunk.specs import SPECS
from vexord.ingest.languages import known_languages, language_of


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("src/app.py", "python"), ("a.pyi", "python"), ("a.js", "javascript"), ("a.mjs", "javascript"),
        ("a.jsx", "jsx"), ("a.ts", "typescript"), ("a.tsx", "tsx"), ("a.go", "go"), ("a.rs", "rust"),
        ("A.java", "java"), ("a.c", "c"), ("a.cc", "cpp"), ("a.hpp", "cpp"), ("A.cs", "csharp"),
        ("a.rb", "ruby"), ("a.php", "php"), ("a.kt", "kotlin"), ("a.swift", "swift"), ("a.scala", "scala"),
        ("a.lua", "lua"), ("a.sh", "bash"), ("a.ex", "elixir"), ("a.hs", "haskell"), ("a.zig", "zig"),
        ("a.sql", "sql"), ("README.md", "markdown"), ("a.rst", "rst"), ("a.json", "json"), ("a.yml", "yaml"),
        ("a.toml", "toml"), ("a.html", "html"), ("a.css", "css"), ("a.proto", "protobuf"),
        ("a.tf", "terraform"),
        ("a.R", "r"), ("a.PY", "python"), ("Makefile", "make"), ("x/GNUmakefile", "make"),
        ("Makefile.am", "make"), ("Dockerfile", "dockerfile"), ("Dockerfile.dev", "dockerfile"),
        ("CMakeLists.txt", "cmake"), ("Gemfile", "ruby"), ("go.mod", "go"), (".bashrc", "bash"),
        ("notes.txt", "text"), ("LICENSE", "text"), ("a.unknown", "text"), (".py", "text"), ("", "text"),
        ("dir.py/file", "text"), ("caf\udce9.py", "python"),
    ],
)  # fmt: skip
def test_the_name_tells_the_language(path: str, language: str) -> None:
    assert language_of(path, b"") == language


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#!/bin/sh\n", "bash"),
        (b"#!/usr/bin/env python3\n", "python"),
        (b"#! /usr/bin/python3.11 -u\r\n", "python"),
        (b"#!/usr/bin/env -S PYTHONPATH=. python3 -u\n", "python"),
        (b"#!/usr/bin/env node", "javascript"),
        (b"#!/usr/bin/perl -w\n", "perl"),
        (b"#!/opt/none\n", "text"),
        (b"#!", "text"),
        (b"#!/usr/bin/env\n", "text"),
        (b"plain", "text"),
    ],
)
def test_a_shebang_tells_the_language_of_a_bare_name(head: bytes, language: str) -> None:
    assert language_of("bin/tool", head) == language


def test_an_extension_wins_over_a_shebang() -> None:
    assert language_of("a.rb", b"#!/bin/sh\n") == "ruby"


@pytest.mark.parametrize(
    ("head", "language"),
    [
        (b"#include <stdio.h>\nstruct a { int b; };\n", "c"),
        (b"/* the class of things, its namespace and template */\nint class_of(int a);\n", "c"),
        (b"class Socket : public Base {\n", "cpp"),
        (b"class Socket\n{\n", "cpp"),
        (b"#pragma once\nnamespace net {\n", "cpp"),
        (b"template <typename T>\nT f(T);\n", "cpp"),
        (b"struct a {\n  public:\n", "cpp"),
        (b"@interface Foo : NSObject\n", "objc"),
    ],
)
def test_a_header_is_c_unless_it_clearly_holds_more(head: bytes, language: str) -> None:
    assert language_of("include/x.h", head) == language


def test_the_tables_are_broad_and_name_no_extension_twice() -> None:
    rows = [extension for row in languages._EXTENSIONS_OF.values() for extension in row.split()]
    assert len(rows) == len(set(rows)) > 250
    assert all(name == name.lower() for name in known_languages())


def test_every_language_with_a_syntax_can_be_recognised() -> None:
    assert set(SPECS) <= known_languages()
