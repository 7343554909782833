"""viz/files.py: files are replaced as a whole or not at all, and nothing but files is replaced."""

from __future__ import annotations

import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from viz import PictureFileError
from viz.files import write_whole

needs_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no FIFOs here")


def test_a_folder_without_permission_is_told(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0o555)
    if os.access(locked, os.W_OK):
        pytest.skip("this user may write anywhere")
    with pytest.raises(PictureFileError, match="Permission denied"):
        write_whole(locked / "graph.png", b"new")


@pytest.mark.parametrize("step", ["write_bytes", "replace"])
def test_an_old_picture_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "graph.png"
    path.write_bytes(b"old")

    def full(self: Path, *rest: Any) -> None:
        self.touch()
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(Path, step, full)
        with pytest.raises(PictureFileError, match="No space left on device"):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["graph.png"]
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target.png", tmp_path / "link.png"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_whole(link, b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_files_get_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    write_whole(tmp_path / "graph.png", b"new")
    assert (tmp_path / "graph.png").stat().st_mode == (tmp_path / "other").stat().st_mode


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o755])
def test_the_permissions_of_what_stood_there_stay(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "graph.png"
    path.write_bytes(b"old")
    path.chmod(mode)
    before = path.stat().st_mode
    write_whole(path, b"new")
    assert (path.read_bytes(), path.stat().st_mode) == (b"new", before)


def test_a_read_only_file_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "graph.png"
    path.write_bytes(b"old")
    path.chmod(0o444)
    with pytest.raises(PictureFileError, match=r"graph\.png cannot be written: it is read-only"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["graph.png"]


def test_a_folder_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PictureFileError, match="it is a folder"):
        write_whole(tmp_path, b"new")


@pytest.mark.skipif(os.name == "nt", reason="that system says it in other words")
def test_a_name_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PictureFileError, match="null"):
        write_whole(tmp_path / "graph\0.png", b"new")
    with pytest.raises(PictureFileError, match="long"):
        write_whole(tmp_path / ("g" * 300 + ".png"), b"new")
    write_whole(tmp_path / ("g" * 240 + ".png"), b"new")
    assert len(os.listdir(tmp_path)) == 1


def test_links_are_followed_to_where_they_lead(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    for name, end in {"a": "b", "b": "far/c.svg", "round": "about", "about": "round"}.items():
        (tmp_path / name).symlink_to(end)
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "far" / "c.svg").read_bytes() == b"new"
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "b").is_symlink()
    with pytest.raises(PictureFileError, match="round cannot be written"):
        write_whole(tmp_path / "round", b"new")
    assert (tmp_path / "round").is_symlink()


def reading(pipe: Path) -> tuple[threading.Thread, list[bytes]]:
    """Reads from a pipe until it is closed."""
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()), daemon=True)
    reader.start()
    return reader, got


@needs_pipes
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "graph.svg"
    os.mkfifo(pipe)
    link.symlink_to("pipe")
    large = bytes(range(256)) * 1000
    for path in (pipe, link):
        reader, got = reading(pipe)
        write_whole(path, large)
        reader.join(10)
        assert got == [large]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert link.is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["graph.svg", "pipe"]


@needs_pipes
def test_a_pipe_that_nobody_reads_any_more_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    end = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    opened = os.open

    def and_gone(*arguments: Any) -> int:
        writing = opened(*arguments)
        os.close(end)
        return writing

    monkeypatch.setattr(os, "open", and_gone)
    with pytest.raises(PictureFileError, match="Broken pipe"):
        write_whole(pipe, b"new")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="there is no /dev/stdout here")
def test_standard_output_by_its_name_is_a_stream(tmp_path: Path) -> None:
    link, file = tmp_path / "graph.svg", tmp_path / "told"
    link.symlink_to("/dev/stdout")
    code = (
        "import sys; from pathlib import Path; from viz.files import write_whole\n"
        "print('before', flush=True); write_whole(Path(sys.argv[1]), b'new\\n'); print('after')"
    )
    run: Any = [sys.executable, "-c", code, str(link)]
    told = subprocess.run(run, stdout=subprocess.PIPE, check=True).stdout
    assert told.split() == [b"before", b"new", b"after"]
    with file.open("ab") as out:
        subprocess.run(run, stdout=out, check=True)
    assert file.read_bytes().split() == [b"before", b"new", b"after"]
    assert link.is_symlink()


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="there are no sockets in folders here")
def test_a_socket_is_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("s")
    monkeypatch.chdir(folder)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as ours:
        ours.bind("graph.png")
        with pytest.raises(PictureFileError, match="it is a socket"):
            write_whole(folder / "graph.png", b"new")
    assert stat.S_ISSOCK((folder / "graph.png").stat().st_mode)


def test_a_disk_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.png"
    path.write_bytes(b"old")
    with monkeypatch.context() as on_a_disk:
        disk = SimpleNamespace(st_mode=stat.S_IFBLK | 0o660)
        on_a_disk.setattr("viz.files._status", lambda _: disk)
        with pytest.raises(PictureFileError, match="it is a disk"):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
