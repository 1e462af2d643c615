"""Tests with Linux guests of QEMU: one per file of claims, QEMU and library."""

def qemu_test(name, claims, library = None, program = None, root_variable = None, helpers = []):
    """Runs test_CLAIMS.py.

    library: what to build as libslirp.so.0; without it QEMU runs with the system's own, which shows
      that the claims are true of what they describe.
    program: what to build as sluice.
    root_variable: a variable that `--test_env` sets to a tree of another Debian with another QEMU.
    helpers: other files of claims that this one imports from.
    """
    args = []
    if library:
        args += ["--library", "$(location %s)" % library]
    if program:
        args += ["--sluice", "$(location %s)" % program]
    if root_variable:
        args += ["--root-from", root_variable]
    native.sh_test(
        name = name,
        size = "large",
        srcs = ["run_test.sh"],
        args = args + ["$(location test_%s.py)" % claims],
        data = [
            "test_%s.py" % claims,
            ":driver",
            "//setup:unpack_guest",
            "//tests/interop:driver",
        ] + helpers + ([library] if library else []) + ([program] if program else []),
        tags = [
            "exclusive",  # a guest's processor is emulated, and takes all that there is
            "external",  # QEMU and the kernel are not Bazel's to know, so results don't last
            "local",
            "manual",
        ],
    )
