"""A clock that was wrong for a while takes no backup away, and is not waited for."""

from __future__ import annotations

from core.messages.state import MakeBackup
from tests.actors.state.books_room import BooksRoom


def back_up(room: BooksRoom, name: str) -> None:
    room.tell(MakeBackup(request_id=name, at=room.state_ctx.time))


def a_week_of_backups(room: BooksRoom) -> set[str]:
    """The first of each day."""
    for number in range(14):
        back_up(room, f"week-{number}")
        room.advance(12 * 3600)
    names = sorted(path.name for path in (room.data_dir / "backups").iterdir())
    return {min(name for name in names if name[:8] == day) for day in {name[:8] for name in names}}


def test_a_clock_a_month_ahead_removes_no_days_backup(room: BooksRoom) -> None:
    before = a_week_of_backups(room)
    room.advance(30 * 86_400)
    back_up(room, "ahead")
    assert before <= {path.name for path in (room.data_dir / "backups").iterdir()}


def test_a_copy_dated_later_than_now_does_not_keep_the_database_from_being_copied(room: BooksRoom) -> None:
    room.advance(30 * 86_400)
    back_up(room, "ahead")
    room.advance(-30 * 86_400)
    for number in range(4):
        back_up(room, f"right-{number}")
        room.advance(12 * 3600)
    copies = sorted(path.parent.name[6:8] for path in (room.data_dir / "backups").glob("*/cerbero.db"))
    assert copies == ["04", "05", "06", "07"], "that of the wrong clock, and one a day"
