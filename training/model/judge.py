"""A quick offline judge of embedders on a set of queries: NDCG@10 by file, raw and fused with BM25.

It cuts the corpora with the daemon's own chunker. A file scores as its best chunk; "fused" is reciprocal
rank fusion (k = 60) of the two rankings of files. What ships is judged through the daemon instead, by
`benchmarks/quality`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from vexord.embed.seam import Embedder
from vexord.index.embed_text import embed_text
from vexord.index.terms import analyse, query_terms
from vexord.index.types import Chunk
from vexord.ingest.chunk import chunk_file
from vexord.ingest.extract import extract

_FUSION = 60
_DEPTH = 10
_K1, _B = 1.2, 0.75

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Question:
    """One query with the files that answer it."""

    repo: str
    language: str
    category: str
    text: str
    relevant: tuple[str, ...]


class _Target(msgspec.Struct):
    path: str


class _Record(msgspec.Struct):
    repo: str
    language: str
    query: str
    category: str
    relevant: list[_Target]


@dataclass(slots=True)
class Corpus:
    """The chunks of one repository, in the order of its files."""

    paths: list[str]
    chunks: list[Chunk]
    file_of: NDArray[np.int64]
    """The file's number of each chunk."""
    lexical: dict[str, Floats] = field(default_factory=dict)
    """Query → BM25 score of each file, by its best chunk."""

    def of_files(self, scores: Floats) -> Floats:
        """Return each file's best score."""
        best = np.full(len(self.paths), -np.inf, np.float32)
        np.maximum.at(best, self.file_of, scores)
        return best


@dataclass(frozen=True, slots=True)
class Verdict:
    """NDCG@10 of each question, in their order."""

    questions: Sequence[Question]
    raw: Floats
    fused: Floats
    lexical: Floats

    def table(self) -> str:
        """Return means over all questions, by language and by category, one line each."""
        groups: dict[str, list[int]] = defaultdict(list)
        for number, question in enumerate(self.questions):
            for group in ("all", question.language, question.category):
                groups[group].append(number)
        lines = [f"{'':14s}    n    raw  fused   bm25"]
        for group, members in groups.items():
            means = " ".join(
                f"{scores[members].mean():6.3f}" for scores in (self.raw, self.fused, self.lexical)
            )
            lines.append(f"{group:14s} {len(members):4d} {means}")
        return "\n".join(lines)


class Judge:
    """Holds the cut corpora and their BM25 scores, so that judging one model costs its embedding alone."""

    def __init__(self, corpora: Path, queries: Path) -> None:
        self.questions = [_question(line) for line in queries.read_bytes().splitlines() if line]
        self.corpora = {repo: _cut(corpora / repo) for repo in sorted({q.repo for q in self.questions})}
        for repo, corpus in self.corpora.items():
            texts = [q.text for q in self.questions if q.repo == repo]
            corpus.lexical = dict(zip(texts, _bm25(corpus, texts), strict=True))

    def judge(self, embedder: Embedder) -> Verdict:
        """Score an embedder."""
        raw, fused, lexical = (np.zeros(len(self.questions), np.float32) for _ in range(3))
        for repo, corpus in self.corpora.items():
            files = [corpus.paths[number] for number in corpus.file_of]
            rows = _unit(
                embedder.embed_chunks([embed_text(p, c) for p, c in zip(files, corpus.chunks, strict=True)])
            )
            numbers = [n for n, q in enumerate(self.questions) if q.repo == repo]
            asked = _unit(np.concatenate([embedder.embed_query(self.questions[n].text) for n in numbers]))
            for number, query in zip(numbers, asked, strict=True):
                question = self.questions[number]
                meaning, words = corpus.of_files(rows @ query), corpus.lexical[question.text]
                both = _reciprocal(meaning) + np.where(words > 0, _reciprocal(words), 0)
                for scores, target in ((meaning, raw), (both, fused), (words, lexical)):
                    target[number] = _ndcg(scores, corpus.paths, question.relevant)
        return Verdict(self.questions, raw, fused, lexical)


def _question(line: bytes) -> Question:
    record = msgspec.json.decode(line, type=_Record)
    relevant = dict.fromkeys(target.path for target in record.relevant)
    return Question(record.repo, record.language, record.category, record.query, tuple(relevant))


def _cut(root: Path) -> Corpus:
    corpus = Corpus([], [], np.zeros(0, np.int64))
    owners: list[int] = []
    for file in sorted(path for path in root.rglob("*") if path.is_file()):
        path = file.relative_to(root).as_posix()
        extracted = extract(path, file.read_bytes())
        if extracted.encoding == "binary":
            continue
        chunks = chunk_file(path, extracted.text, extracted.language)
        owners += [len(corpus.paths)] * len(chunks)
        corpus.paths.append(path)
        corpus.chunks += chunks
    corpus.file_of = np.array(owners, np.int64)
    return corpus


def _bm25(corpus: Corpus, queries: Sequence[str]) -> list[Floats]:
    """Score files by their best chunk; a chunk's terms are those of its path and text."""
    counts = [
        Counter(analyse(f"{corpus.paths[owner]}\n{chunk.text}"))
        for owner, chunk in zip(corpus.file_of, corpus.chunks, strict=True)
    ]
    lengths = np.array([count.total() for count in counts], np.float32)
    norm = _K1 * (1 - _B + _B * lengths / lengths.mean())
    postings: dict[str, dict[int, int]] = defaultdict(dict)
    for row, count in enumerate(counts):
        for term, times in count.items():
            postings[term][row] = times
    answers = []
    for query in queries:
        scores = np.zeros(len(counts), np.float32)
        for term in query_terms(query):
            found = postings.get(term, {})
            rows, tf = np.array(list(found), np.int64), np.array(list(found.values()), np.float32)
            idf = math.log(1 + (len(counts) - len(found) + 0.5) / (len(found) + 0.5))
            scores[rows] += idf * tf * (_K1 + 1) / (tf + norm[rows])
        answers.append(corpus.of_files(scores))
    return answers


def _unit(rows: NDArray[np.int8]) -> Floats:
    floats = rows.astype(np.float32)
    unit: Floats = floats / np.maximum(np.linalg.norm(floats, axis=1, keepdims=True), 1e-9)
    return unit


def _reciprocal(scores: Floats) -> Floats:
    """Return what each entry's rank adds in the fusion; ties keep their order."""
    parts = np.empty(len(scores), np.float32)
    parts[np.argsort(-scores, kind="stable")] = 1 / (_FUSION + np.arange(1, len(scores) + 1))
    return parts


def _ndcg(scores: Floats, paths: Sequence[str], relevant: Sequence[str]) -> float:
    best = np.argsort(-scores, kind="stable")[:_DEPTH]
    found = [paths[number] if scores[number] > 0 else "" for number in best]
    hits = {
        next((rank for rank, path in enumerate(found) if _same(path, target)), None) for target in relevant
    }
    ideal = sum(1 / math.log2(rank + 2) for rank in range(min(_DEPTH, len(relevant))))
    return sum(1 / math.log2(rank + 2) for rank in hits if rank is not None) / ideal


def _same(a: str, b: str) -> bool:
    return a == b or a.endswith("/" + b) or b.endswith("/" + a)
