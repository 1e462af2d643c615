"""One test per file of claims."""

def interop_test(name, size = "medium"):
    """Runs test_NAME.py with the program of this build.

    Bazel's sandbox has neither namespaces nor /dev/net/tun, so the test runs without one, and alone:
    some claims measure memory or wait for deadlines of real programs.
    """
    native.sh_test(
        name = name,
        size = size,
        srcs = ["run_test.sh"],
        args = [
            "$(location //app:sluice)",
            "$(location test_%s.py)" % name,
        ],
        data = [
            "test_%s.py" % name,
            ":driver",
            "//app:sluice",
        ],
        tags = [
            "exclusive",
            "external",  # the programs and the kernel are not Bazel's to know, so results don't last
            "local",
        ],
    )
