"""Which QEMU is run, with which libslirp, and how to find out that it is that one.

The environment tells, and run_test.sh has an option for each:

SLUICE_QEMU          the program; qemu-system-x86_64 unless told
SLUICE_QEMU_ROOT     a tree of another Debian that the program is taken from, with everything it needs
SLUICE_QEMU_LIBRARY  a directory with the libslirp.so.0 under test; without it the system's own, or
                     the tree's

The tree is not entered: its own dynamic loader runs its program with its libraries, so that paths,
commands and users stay those of this system. A test may run the system's own QEMU beside the tree's.
"""

import os
import re
import shutil
import subprocess

ROOT = os.environ.get("SLUICE_QEMU_ROOT", "")
LIBRARY = os.environ.get("SLUICE_QEMU_LIBRARY", "")
_PROGRAM = os.environ.get("SLUICE_QEMU") or "qemu-system-x86_64"
_LIBRARIES = "usr/lib/x86_64-linux-gnu"
_MAPPED = re.compile(r"/\S*/libslirp\S*\.so\S*")


def words(library=LIBRARY, root=ROOT):
    """How the command line begins."""
    if not root:
        return [_PROGRAM]
    directories = [library, f"{root}/{_LIBRARIES}", f"/{_LIBRARIES}"]
    path = ":".join(directory for directory in directories if directory)
    data = [f"{root}/usr/{directory}" for directory in ("share/qemu", "share/seabios", "lib/ipxe/qemu")]
    loader = [f"{root}/lib64/ld-linux-x86-64.so.2", "--library-path", path]
    return [*loader, f"{root}/usr/bin/{_PROGRAM}", *(word for directory in data for word in ("-L", directory))]


def environment(library=LIBRARY, root=ROOT):
    added = {}
    if root:
        added["QEMU_MODULE_DIR"] = f"{root}/{_LIBRARIES}/qemu"
    elif library:
        added["LD_LIBRARY_PATH"] = library
    if library and (sanitizer := _sanitizer(library)):
        # QEMU isn't built with it, so it must come first by this; what QEMU itself leaks is not ours.
        added["LD_PRELOAD"] = sanitizer
        added["ASAN_OPTIONS"] = "detect_leaks=0:" + os.environ.get("ASAN_OPTIONS", "")
    return {**os.environ, **added}


def check_library(pid, library=LIBRARY, root=ROOT):
    """Fails unless the process has mapped the libslirp that it was to be run with; returns its path."""
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        found = {os.path.realpath(path) for path in _MAPPED.findall(file.read())}
    if len(found) != 1:
        raise AssertionError(f"QEMU runs with {len(found)} libraries named libslirp.so: {sorted(found)}")
    (path,) = found
    directory = library or f"{root}/{_LIBRARIES}"
    expected = os.path.realpath(f"{directory}/libslirp.so.0")
    if path != expected:
        raise AssertionError(f"QEMU runs with {path} and not with {expected}")
    return path


def _sanitizer(library):
    """The shared AddressSanitizer that the library needs, if it was built with one."""
    needs = subprocess.run(
        ["ldd", f"{library}/libslirp.so.0"], capture_output=True, text=True, timeout=30, check=False
    ).stdout
    found = re.search(r"libasan\.so\S* => (\S+)", needs)
    return found.group(1) if found else None


def problem():
    """Why QEMU can't be run here, or None."""
    if ROOT and not os.path.exists(f"{ROOT}/usr/bin/{_PROGRAM}"):
        return f"{ROOT} holds no usr/bin/{_PROGRAM}"
    if not ROOT and shutil.which(_PROGRAM) is None:
        return f"not installed: {_PROGRAM}"
    if LIBRARY and not os.path.exists(f"{LIBRARY}/libslirp.so.0"):
        return f"{LIBRARY} holds no libslirp.so.0"
    return None
