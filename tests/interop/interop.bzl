"""One test per file of claims."""

def interop_test(
        name,
        claims = None,
        script = "run_test.sh",
        size = "medium",
        program = "//app:sluice"):
    """Runs the claims of test_CLAIMS.py, or of test_NAME.py, with a program of this build.

    Bazel's sandbox has neither namespaces nor /dev/net/tun, so the test runs without one, and alone:
    some claims measure memory or wait for deadlines of real programs.
    """
    claims = claims or name
    native.sh_test(
        name = name,
        size = size,
        srcs = [script],
        args = [
            "$(location %s)" % program,
            "$(location test_%s.py)" % claims,
        ],
        data = [
            "test_%s.py" % claims,
            ":driver",
            program,
        ],
        tags = [
            "exclusive",
            "external",  # the programs and the kernel are not Bazel's to know, so results don't last
            "local",
        ],
    )
