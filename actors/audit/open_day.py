"""The file that is appended to, and what the first record of the next one will say of it."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from actors.audit.durable import CHUNK_BYTES
from actors.audit.files import opened
from actors.audit.words import WordsOfSwitch
from core.audit.hash_chain import Link, split_lines
from core.messages.audit import AuditBatch, FileEnd


class OpenDay:
    """Follows one file from its beginning; a new one begins with each day."""

    def __init__(self, file: str, words: WordsOfSwitch) -> None:
        self.file = file
        self.words = words
        self._digest = sha256()
        self._bytes = 0

    @classmethod
    def read(cls, path: Path, file: str, words: WordsOfSwitch) -> OpenDay:
        """The file as it is on disk. Raises ChainBrokenError if compressed bytes are damaged, OSError."""
        day = cls(file, words)
        with opened(path) as stream:
            while chunk := stream.read(CHUNK_BYTES):
                day._digest.update(chunk)
                day._bytes += len(chunk)
        return day

    def append(self, batch: AuditBatch) -> OpenDay:
        """Take note of bytes that were appended; the day that goes on, or a new one."""
        day = self if batch.file == self.file else OpenDay(batch.file, self.words)
        day._digest.update(batch.payload)
        day._bytes += len(batch.payload)
        for seq, line in enumerate(split_lines(batch.payload), start=batch.first_seq):
            day.words.note(seq, line)
        return day

    def end(self, link: Link) -> FileEnd:
        """What is known of the file if `link` is its last record."""
        return FileEnd(
            file=self.file,
            bytes=self._bytes,
            sha256=self._digest.hexdigest(),
            seq=link.seq,
            hash=link.hash,
            last_word=self.words.last,
            broken_before=self.words.broken_before,
        )
