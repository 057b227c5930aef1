"""Archives that lie, swell, lock or lead astray. None is unpacked to disk; none stops the class."""

import io
import os
import stat
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bncourse.grading.submissions import SubmissionsError, Unreadable, find_submissions
from bncourse.grading.submissions.zips import entries, unpack
from tests.grading.submissions.conftest import HONEST, packed, table_only


@pytest.fixture(autouse=True)
def nothing_is_written(tmp_path, monkeypatch):
    """Whatever happens in a test of this file, no archive may have left a file behind."""
    monkeypatch.chdir(tmp_path)
    yield
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or path.suffix in (".zip", ".ipynb"), path
    assert not Path("/tmp/bncourse-slip.ipynb").exists()


def info(name, mode=None, **more):
    made = zipfile.ZipInfo(name)
    made.create_system = 3
    if mode is not None:
        made.external_attr = mode << 16
    for key, value in more.items():
        setattr(made, key, value)
    return made


def found_in(plant, data, name="class/mallory/work.zip"):
    """Return what a class's grader sees of one bad zip; the honest learner must be untouched."""
    plant({"ada/x.ipynb": HONEST, "mallory/": b""})
    Path(name).write_bytes(data)
    ada, mallory = find_submissions(["class"])
    assert [f.read() for f in ada.files] == [HONEST] and not ada.notes
    return mallory


@pytest.mark.parametrize(
    "name",
    [
        "../../slip.ipynb",
        "a/../../../slip.ipynb",
        "/tmp/bncourse-slip.ipynb",
        "C:\\slip.ipynb",
        "c:slip.ipynb",
        "..\\..\\slip.ipynb",
        "\\\\host\\share\\slip.ipynb",
        "a/..",
    ],
)
def test_names_that_lead_out_are_skipped(name, plant):
    mallory = found_in(plant, packed({name: b"{}", "own.ipynb": b"own"}))
    assert [(f.name, f.read()) for f in mallory.files] == [("work.zip/own.ipynb", b"own")]
    assert "its name leads out of the archive" in mallory.notes[0]


def test_a_class_whose_zip_leads_out_is_graded_without_it(pack):
    path = pack({"../../up.ipynb": b"", "ada/x.ipynb": b"hers", "bob/../../x.ipynb": b"his"})
    found = {s.learner: (len(s.files), s.notes[:1]) for s in find_submissions([path])}
    why = "was skipped: its name leads out of the archive."
    assert found == {
        "ada": (1, ()),
        "bob": (0, (f"x.ipynb {why}",)),
        "up": (0, (f"up.ipynb {why}",)),
    }


def test_links_and_devices_in_archives_are_skipped(plant):
    mallory = found_in(
        plant,
        packed(
            {
                info("link.ipynb", stat.S_IFLNK | 0o777): b"/etc/passwd",
                info("folder", stat.S_IFLNK | 0o777): b"..",
                info("pipe.ipynb", stat.S_IFIFO | 0o666): b"",
                info("device.ipynb", stat.S_IFCHR | 0o666): b"",
                info("own.ipynb", stat.S_IFREG | 0o644): b"own",
            }
        ),
    )
    assert [f.read() for f in mallory.files] == [b"own"]
    assert len(mallory.notes) == 2
    assert "links are not followed (work.zip/folder, work.zip/link.ipynb)" in mallory.notes[1]
    assert "not an ordinary file" in mallory.notes[0]


def test_windows_separators_are_separators(pack):
    found = find_submissions([pack({"ada\\x.ipynb": b"", "bob\\sub\\x.ipynb": b""})])
    assert {s.learner: s.files[0].name for s in found} == {"ada": "x.ipynb", "bob": "sub/x.ipynb"}


def test_names_from_macos_without_the_flag_are_read_as_utf_8(pack):
    data = pack({"Zoë/x.ipynb": b"1", "Ada/x.ipynb": b"2"}).read_bytes()
    Path("class.zip").write_bytes(cleared(data, 0x800))
    assert {s.learner for s in find_submissions(["class.zip"])} == {"Ada", "Zoë"}


def cleared(data, flag, put=0):
    """Return a zip with a flag cleared (and another put) in all its headers."""
    changed = bytearray(data)
    for signature, at in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        place = -1
        while (place := data.find(signature, place + 1)) >= 0:
            flags = struct.unpack_from("<H", changed, place + at)[0]
            struct.pack_into("<H", changed, place + at, flags & ~flag | put)
    return bytes(changed)


def declared(data, size, crc=None):
    """Return a zip of one member whose table of contents states another size."""
    changed, at = bytearray(data), data.index(b"PK\1\2")
    struct.pack_into("<I", changed, at + 24, size)
    if crc is not None:
        struct.pack_into("<I", changed, at + 16, crc)
    return bytes(changed)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_members_are_read_whatever_the_method_and_checked(method, plant):
    data = packed({"own.ipynb": HONEST}, method)
    assert found_in(plant, data).files[0].read() == HONEST
    at = data.index(b"own.ipynb") + len(b"own.ipynb") + 20
    for bad in (
        data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :],  # damaged data
        declared(data, len(HONEST), crc=1),
        declared(data, len(HONEST) - 1),
        declared(data, len(HONEST) + 1),
        declared(data, 0),
        data.replace(b"PK\3\4", b"PK\3\5", 1),  # no member where the table points
    ):
        with pytest.raises(Unreadable, match="damaged"):
            found_in(plant, bad).files[0].read()


def test_a_rare_method_is_named(plant):
    (file,) = found_in(plant, packed({"own.ipynb": HONEST}, zipfile.ZIP_LZMA)).files
    with pytest.raises(Unreadable, match=r"unusual way \(method 14\)"):
        file.read()


def test_an_encrypted_member_is_named(plant):
    (file,) = found_in(plant, cleared(packed({"own.ipynb": HONEST}), 0, put=1)).files
    with pytest.raises(Unreadable, match="password"):
        file.read()


def peak(run):
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_unpacked_beyond_what_it_declares(plant):
    """The table says 100 bytes; 50 MB lie there."""
    bomb = declared(packed({"own.ipynb": bytes(50_000_000)}), 100)

    def read():
        (file,) = found_in(plant, bomb).files
        with pytest.raises(Unreadable, match="damaged"):
            file.read()

    assert peak(read) < 3_000_000


def test_a_member_that_declares_too_much_is_not_touched(plant):
    data = packed({"own.ipynb": bytes(5_000_000)})

    def read():
        (file,) = found_in(plant, data).files
        with pytest.raises(Unreadable, match=r"too large: 5 MB; at most 1 MB"):
            file.read(1_000_000)

    assert peak(read) < 3_000_000


def test_many_members_are_too_large_together(plant):
    bomb = packed({f"x{n:02}.ipynb": bytes(30_000_000) for n in range(2)})
    body, table = bomb[: bomb.index(b"PK\1\2")], bomb[bomb.index(b"PK\1\2") :]
    line = table[: 46 + len("x00.ipynb")]
    lines = b"".join(line.replace(b"x00", b"x%02d" % n) for n in range(20))  # all overlap
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 20, 20, len(lines), len(body), 0)
    mallory = found_in(plant, body + lines + end)
    assert len(mallory.files) == 8
    assert "12 files were skipped: the notebooks are too large together" in mallory.notes[0]


def test_a_zip_in_a_zip_is_opened_and_one_more_is_not(plant, pack):
    inner = packed({"own.ipynb": b"own"})
    third = packed({"inner.zip": packed({"lost.ipynb": b""})})
    data = packed({"inner.zip": inner, "third.zip": third, "bad.zip": b"bad"})
    mallory = found_in(plant, data)
    assert [(f.name, f.read()) for f in mallory.files] == [("work.zip/inner.zip/own.ipynb", b"own")]
    assert len(mallory.notes) == 2
    assert "work.zip/bad.zip: This is not a zip archive" in mallory.notes[0]
    assert "A zip in a zip in a zip is not opened" in mallory.notes[1]
    found = find_submissions([pack({"ada/work.zip": inner, "bob/x.ipynb": b"his"})])
    assert [f.read() for s in found for f in s.files] == [b"own", b"his"]


def test_many_zips_in_a_zip_are_not_all_unpacked(plant):
    part = packed({"x.bin": bytes(60_000_000)}, zipfile.ZIP_STORED)
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(6):
            archive.writestr(f"{number}.zip", part)
    mallory = found_in(plant, data.getvalue())
    assert "2 files were skipped: there are too many archives" in mallory.notes[0]


def test_a_file_that_is_there_twice_counts_once_as_unpacking_would_leave_it(plant):
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = packed({info("own.ipynb"): b"first", info("own.ipynb", comment=b"2"): b"second"})
    mallory = found_in(plant, data)
    assert [f.read() for f in mallory.files] == [b"second"]
    assert "it is in the archive twice, and the last one counts" in mallory.notes[0]


@pytest.mark.parametrize(
    "name, shown",
    [
        ("a\nb.ipynb", "a b.ipynb"),
        ("\x1b[2J\x07x.ipynb", "[2Jx.ipynb"),
        ("a\u202ebynpi.ipynb", "abynpi.ipynb"),
        ("CON.ipynb", "CON.ipynb"),
        ("\u200b/own.ipynb", "_/own.ipynb"),
        ("n" * 5000 + ".ipynb", "n" * 170 + "…" + "n" * 14 + ".ipynb"),
        ("A\u030a.ipynb", "Å.ipynb"),
    ],
)
def test_bad_names_are_shown_on_one_short_line(name, shown, plant):
    (file,) = found_in(plant, packed({name: b"own"})).files
    assert file.name == shown or file.name == f"work.zip/{shown}"
    assert file.read() == b"own"


def test_a_name_cut_off_by_nul_is_skipped(plant):
    data = packed({"own.ipynbXevil.exe": b"", "x.ipynb": b""}).replace(
        b"own.ipynbX", b"own.ipynb\0"
    )
    mallory = found_in(plant, data)
    assert len(mallory.files) == 1 and "its name is damaged" in mallory.notes[0]


def test_names_that_differ_in_case_alone_are_different_files(plant):
    mallory = found_in(plant, packed({"Own.ipynb": b"1", "own.ipynb": b"2", "OWN.ipynb": b"3"}))
    assert sorted(f.read() for f in mallory.files) == [b"1", b"2", b"3"]


def test_a_hundred_thousand_entries(plant, tmp_path):
    mallory = found_in(plant, table_only(100_000))
    assert "The archive holds too many files" in mallory.notes[0]
    Path("class.zip").write_bytes(table_only(100_000))
    with pytest.raises(SubmissionsError, match="no notebook"):
        find_submissions(["class.zip"])
    Path("class.zip").write_bytes(table_only(5_000, b"ada.ipynb"))
    (ada,) = find_submissions(["class.zip"])
    assert (ada.learner, len(ada.files)) == ("ada", 1)


def test_a_path_of_thousands_of_folders(plant):
    data = packed({"d/" * 5000 + "x.ipynb": b"", "own.ipynb": b"own"})

    def look():
        mallory = found_in(plant, data)
        assert [f.read() for f in mallory.files] == [b"own"]
        assert "its folders lie too deep in one another" in mallory.notes[0]

    assert peak(look) < 10_000_000


def test_a_table_that_claims_gigabytes_is_not_read(plant):
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 9, 9, 3_000_000_000, 0, 0)
    mallory = found_in(plant, end)
    assert mallory.files == () and mallory.notes


def test_a_learners_zip_cannot_pass_for_a_class(plant):
    forged = packed(
        ["Ada_1_assignsubmission_file_/x.ipynb", "Bob_2_assignsubmission_file_/x.ipynb"]
    )
    mallory = found_in(plant, forged)
    assert mallory.learner == "mallory" and len(mallory.files) == 2
    plant({"bob.zip": forged, "eve.zip": packed(["x.ipynb"])}, "zips")
    assert [s.learner for s in find_submissions(["zips"])] == ["bob", "eve"]


def test_an_archive_that_changed_after_the_listing_is_noticed(pack):
    path = pack({"ada/x.ipynb": b"a" * 500, "bob/x.ipynb": b"b" * 500})
    ada, bob = find_submissions([path])
    pack({"new.ipynb": os.urandom(200), "ada/x.ipynb": b"z" * 500})
    for file in (*ada.files, *bob.files):
        with pytest.raises(Unreadable):
            file.read()


REAL = packed({"ada/x.ipynb": HONEST, "bob/y.zip": packed(["z.ipynb"]), "eve/": b"", "é.txt": b"x"})


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_damage_to_an_archive_ends_in_bytes_or_a_reason(choice):
    data = bytearray(REAL)
    for _ in range(choice.draw(st.integers(1, 4))):
        start = choice.draw(st.integers(0, len(data) - 1))
        data[start : start + choice.draw(st.integers(0, 6))] = choice.draw(st.binary(max_size=6))
    try:
        table = entries(io.BytesIO(data), 100_000)
    except Unreadable as reason:
        assert str(reason)
        return
    for entry in table:
        try:
            content = unpack(io.BytesIO(data), entry.member, 1_000_000)
        except Unreadable as reason:
            assert str(reason)
        else:
            assert zlib.crc32(content) == entry.member.crc
